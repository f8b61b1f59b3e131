import { and, eq, isNull, lte, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { MissingRow } from '../kernel/index.ts';
import type { PaymentAnswer } from './attempts/record-answer.ts';
import { readPrice } from './prices.ts';
import { type CardSetup, cardSetups, subscriptions } from './schema.ts';

/** A set-up payment for which the PSP may be asked now. */
export interface SetupToAsk {
  readonly setup: CardSetup;
  /** The PSP's customer. */
  readonly userId: string;
  readonly currency: string;
}

/** Writes down that the PSP is asked for a set-up payment, before it is; null where it was answered. */
export async function askSetup(db: Db, setupId: string): Promise<SetupToAsk | null> {
  return db.transaction(async (tx) => {
    const [row] = await tx
      .select({ setup: cardSetups, subscription: subscriptions })
      .from(cardSetups)
      .innerJoin(subscriptions, eq(subscriptions.id, cardSetups.subscriptionId))
      .where(eq(cardSetups.id, setupId))
      .for('no key update', { of: cardSetups });
    if (row === undefined) throw new MissingRow('set-up payment', setupId);
    const { setup, subscription } = row;
    if (setup.providerStatus !== null || setup.endedAt !== null) return null;
    await tx
      .update(cardSetups)
      .set({ askedAt: sql`coalesce(${cardSetups.askedAt}, clock_timestamp())` })
      .where(eq(cardSetups.id, setupId));
    const { price } = await readPrice(tx, subscription.priceId);
    return { setup, userId: subscription.userId, currency: price.currency };
  });
}

/** Keeps the PSP's answer about a set-up payment that has not ended. */
export async function recordSetupAnswer(
  db: Db,
  setupId: string,
  answer: Pick<PaymentAnswer, 'status' | 'clientSecret'>,
): Promise<void> {
  await db
    .update(cardSetups)
    .set({
      providerStatus: answer.status,
      ...(answer.clientSecret !== null && { clientSecret: answer.clientSecret }),
    })
    .where(and(eq(cardSetups.id, setupId), isNull(cardSetups.endedAt)));
}

const ENDED = { endedAt: sql`clock_timestamp()`, clientSecret: null };

/** Nobody can put a card on file by it any more. */
export async function endSetup(tx: Tx, setupId: string): Promise<void> {
  await tx.update(cardSetups).set(ENDED).where(eq(cardSetups.id, setupId));
}

/**
 * Ends a set-up payment whose secret has died; false where it may live. The PSP may have been asked for as long as a secret
 * lives, which is real time, and the last answer's secret lives as long again.
 */
export async function endDeadSetup(db: Db, setupId: string, secretLifeSeconds: number): Promise<boolean> {
  const diedBefore = sql`clock_timestamp() - make_interval(secs => ${2 * secretLifeSeconds}::float8)`;
  const ended = await db
    .update(cardSetups)
    .set(ENDED)
    .where(and(eq(cardSetups.id, setupId), isNull(cardSetups.endedAt), lte(cardSetups.askedAt, diedBefore)))
    .returning({ id: cardSetups.id });
  return ended.length > 0;
}

/** Throws MissingRow. */
export async function subscriptionOfSetup(db: Db, setupId: string): Promise<string> {
  const [setup] = await db
    .select({ subscriptionId: cardSetups.subscriptionId })
    .from(cardSetups)
    .where(eq(cardSetups.id, setupId));
  if (setup === undefined) throw new MissingRow('set-up payment', setupId);
  return setup.subscriptionId;
}
