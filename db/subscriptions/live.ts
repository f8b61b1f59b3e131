import { and, eq, notInArray } from 'drizzle-orm';
import { ENDED_SUBSCRIPTIONS } from '../../domain/subscriptions/subscription-machine.ts';
import { users } from '../accounts/index.ts';
import type { Db, Tx } from '../client.ts';
import { MissingRow } from '../kernel/index.ts';
import { type Subscription, subscriptions } from './schema.ts';

/** Throws MissingRow. */
export async function readPerson(db: Db | Tx, userId: string) {
  const [user] = await db.select().from(users).where(eq(users.id, userId));
  if (user === undefined) throw new MissingRow('user', userId);
  return user;
}

/** Locks a person, before their subscription: of two who subscribe at once, the second finds what the first did. */
export async function lockPerson(tx: Tx, userId: string) {
  const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update');
  if (user === undefined) throw new MissingRow('user', userId);
  return user;
}

const isLiveOf = (userId: string) =>
  and(eq(subscriptions.userId, userId), notInArray(subscriptions.status, [...ENDED_SUBSCRIPTIONS]));

/** The one live subscription of a person, Free included; undefined where they have none. */
export async function readLiveSubscription(db: Db | Tx, userId: string): Promise<Subscription | undefined> {
  const [live] = await db.select().from(subscriptions).where(isLiveOf(userId));
  return live;
}

/** The same, locked. The person must be locked. */
export async function lockLiveSubscription(tx: Tx, userId: string): Promise<Subscription | undefined> {
  const [live] = await tx.select().from(subscriptions).where(isLiveOf(userId)).for('no key update');
  return live;
}
