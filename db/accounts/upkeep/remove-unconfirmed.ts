import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { mailWorkflowId, userSubject } from '../../../domain/accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { clearFlags, isOver, referrerOf, type RowsOver, writeAuditLog } from '../../kernel/index.ts';
import { oauthAccounts, oauthCodes, oauthStates } from '../oauth/schema.ts';
import { apiKeys, apiKeyUsage, bearerUsage, mails, userProfiles, users } from '../schema.ts';
import { personKeys } from '../sealing/schema.ts';
import { backupCodes, twoFactorChallenges, twoFactors } from '../second-factor/schema.ts';
import { refreshTokens, sessions } from '../sessions/schema.ts';
import { accountTokens, authFailures } from '../tokens/schema.ts';

/**
 * What became of an account that nobody confirmed. It stays where somebody is at work on it (`locked`), where it was confirmed or
 * registered anew meanwhile (`changed`), while a link that confirms it is good (`link_in_date`), while somebody is signed in, as a
 * provider's word lets them (`signed_in`), and where rows of other subjects refer to it (`has_orders`, …).
 */
export type Removal = 'removed' | 'locked' | 'changed' | 'link_in_date' | 'signed_in' | `has_${string}`;

/** Removes an account that nobody confirmed in time, with all that is its own. */
export async function removeUnconfirmed(
  db: Db,
  accounts: RowsOver,
  { userId, by }: { readonly userId: string; readonly by: string },
): Promise<Removal> {
  try {
    return await db.transaction(async (tx) => {
      // Who confirms, registers anew or signs in holds this lock.
      const [user] = await tx
        .select({ isStill: isOver(accounts, by) })
        .from(users)
        .where(eq(users.id, userId))
        .for('update', { skipLocked: true });
      if (user === undefined) return 'locked';
      if (!user.isStill) return 'changed';
      if (await isSignedIn(tx, userId)) return 'signed_in';
      if (await hasLink(tx, userId)) return 'link_in_date';
      await removeOwnRows(tx, userId);
      await tx.delete(users).where(eq(users.id, userId));
      const entry = { action: 'user.removed', subject: userSubject(userId), before: null, after: null };
      await writeAuditLog(tx, { actor: 'system' }, entry);
      return 'removed';
    });
  } catch (error) {
    const referrer = referrerOf(error);
    if (referrer === null) throw error;
    return `has_${referrer}`;
  }
}

async function isSignedIn(tx: Tx, userId: string): Promise<boolean> {
  const isOpen = and(
    eq(sessions.userId, userId),
    isNull(sessions.endedAt),
    sql`${sessions.expiresAt} > clock_timestamp()`,
  );
  const open = await tx.select({ id: sessions.id }).from(sessions).where(isOpen).limit(1);
  return open.length > 0;
}

async function hasLink(tx: Tx, userId: string): Promise<boolean> {
  const isGood = and(
    eq(accountTokens.userId, userId),
    isNull(accountTokens.usedAt),
    sql`${accountTokens.expiresAt} > clock_timestamp()`,
  );
  const good = await tx.select({ id: accountTokens.id }).from(accountTokens).where(isGood).limit(1);
  return good.length > 0;
}

/** Tables of an account's own rows, with the column that says whose they are. Any other table that refers to it keeps it. */
const OWN_TABLES = [
  [sessions, sessions.userId],
  [accountTokens, accountTokens.userId],
  [twoFactorChallenges, twoFactorChallenges.userId],
  [backupCodes, backupCodes.userId],
  [twoFactors, twoFactors.userId],
  [oauthStates, oauthStates.userId],
  [oauthCodes, oauthCodes.userId],
  [oauthAccounts, oauthAccounts.userId],
  [apiKeys, apiKeys.userId],
  [authFailures, authFailures.userId],
  [bearerUsage, bearerUsage.userId],
  [userProfiles, userProfiles.userId],
  [personKeys, personKeys.userId],
] as const;

async function removeOwnRows(tx: Tx, userId: string): Promise<void> {
  const theirSessions = tx.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, userId));
  await tx.delete(refreshTokens).where(inArray(refreshTokens.sessionId, theirSessions));
  const theirKeys = tx.select({ id: apiKeys.id }).from(apiKeys).where(eq(apiKeys.userId, userId));
  await tx.delete(apiKeyUsage).where(inArray(apiKeyUsage.keyId, theirKeys));
  const gone = await tx
    .delete(mails)
    .where(eq(mails.userId, userId))
    .returning({ id: mails.id, status: mails.status });
  for (const { id, status } of gone) {
    if (status === 'given_up') await clearFlags(tx, 'mail_gave_up', mailWorkflowId(id));
  }
  for (const [table, column] of OWN_TABLES) await tx.delete(table).where(eq(column, userId));
}
