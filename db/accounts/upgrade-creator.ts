import { and, eq, sql } from 'drizzle-orm';
import { type Role, SELF_MADE_ROLE, userSubject } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { Db } from '../client.ts';
import { type Act, writeAuditLog } from '../kernel/index.ts';
import { users } from './schema.ts';

export interface Upgrade {
  readonly role: Role;
  /** When they made a creator of themselves; null where an admin gave the role. */
  readonly promotedToCreatorAt: Date | null;
  /** They had more than the role `user` before. */
  readonly wasElevated: boolean;
}

/**
 * Somebody with a confirmed address makes a creator of themselves, once and one way. Whoever has another role by then keeps it.
 * Throws `user_not_found` and `EMAIL_NOT_VERIFIED`.
 */
export async function upgradeToCreator(db: Db, userId: string): Promise<Upgrade> {
  const user = await readRole(db, userId);
  if (!user.isVerified) {
    throw new VezaError('EMAIL_NOT_VERIFIED', 'Confirm your address first, by the link in our mail.');
  }
  if (user.role !== 'user') return { ...user, wasElevated: true };
  const [upgraded] = await db
    .update(users)
    .set({ role: SELF_MADE_ROLE, promotedToCreatorAt: sql`now()` })
    .where(and(eq(users.id, userId), eq(users.role, 'user')))
    .returning({ role: users.role, promotedToCreatorAt: users.promotedToCreatorAt });
  return upgraded === undefined
    ? { ...(await readRole(db, userId)), wasElevated: true }
    : { ...upgraded, wasElevated: false };
}

/** Writes the upgrade into the audit log, apart from it: it stands, also where this fails. */
export const auditUpgrade = (db: Db, userId: string, act: Act): Promise<void> =>
  db.transaction((tx) =>
    writeAuditLog(tx, act, {
      action: 'user.upgrade_creator',
      subject: userSubject(userId),
      before: { role: 'user' },
      after: { role: SELF_MADE_ROLE },
    }),
  );

async function readRole(db: Db, userId: string) {
  const [user] = await db
    .select({
      role: users.role,
      isVerified: users.isVerified,
      promotedToCreatorAt: users.promotedToCreatorAt,
    })
    .from(users)
    .where(eq(users.id, userId));
  if (user === undefined) throw new VezaError('user_not_found', `There is no user ${userId}.`);
  return user;
}
