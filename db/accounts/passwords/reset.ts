import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { dropSignIns } from '../registration/drop-sign-ins.ts';
import { revokeAdminKeysOf } from '../revoke-api-key.ts';
import { users } from '../schema.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { hashOfToken, lockOwner, tokenInvalid, useToken, withdrawTokens } from '../tokens/make.ts';
import { accountTokens } from '../tokens/schema.ts';
import { tellAccount } from '../tell-account.ts';

/** By these a mailbox is proved, and a password chosen. */
const PURPOSES = ['reset_password', 'invitation'] as const;

/** The address of whom a link is for, to hold the new password against. Throws `token_invalid`. */
export async function addressOfReset(db: Db, token: string): Promise<string> {
  const [row] = await db
    .select({ email: users.email })
    .from(accountTokens)
    .innerJoin(users, eq(users.id, accountTokens.userId))
    .where(
      and(
        eq(accountTokens.tokenHash, hashOfToken(token)),
        inArray(accountTokens.purpose, [...PURPOSES]),
        isNull(accountTokens.usedAt),
        gt(accountTokens.expiresAt, sql`clock_timestamp()`),
      ),
    );
  if (row === undefined) throw tokenInvalid();
  return row.email;
}

/**
 * Somebody proved their mailbox and chose a password: the address is confirmed, all sessions and an admin's keys with the scope
 * `admin` end, and so do all other links. The second factor stays. Where nobody had proved the address before, all that opened the
 * account goes: providers and keys. Throws `token_invalid`.
 */
export const resetPassword = (
  db: Db,
  { token, passwordHash }: { readonly token: string; readonly passwordHash: string },
  from: Omit<Act, 'actor'>,
): Promise<void> =>
  db.transaction(async (tx) => {
    const { id: userId, isVerified } = await lockOwner(tx, token);
    await useToken(tx, token, PURPOSES);
    const act = { ...from, actor: userId };
    // Somebody else may have made the account, to be let in once the address's owner comes.
    if (!isVerified) await dropSignIns(tx, userId, act);
    await tx.update(users).set({ passwordHash, isVerified: true }).where(eq(users.id, userId));
    await withdrawTokens(tx, userId);
    await endWaysIn(tx, userId);
    await endSessions(tx, { userId }, 'password_reset');
    await revokeAdminKeysOf(tx, userId, act);
    const entry = { action: 'user.password_reset', subject: userSubject(userId), before: null, after: null };
    await writeAuditLog(tx, act, entry);
    await tellAccount(tx, userId, { kind: 'password_changed', params: {} });
  });
