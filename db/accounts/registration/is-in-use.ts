import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import type { Tx } from '../../client.ts';
import { oauthAccounts } from '../oauth/schema.ts';
import { apiKeys } from '../schema.ts';
import { twoFactors } from '../second-factor/schema.ts';
import { sessions } from '../sessions/schema.ts';

/**
 * Whether somebody signs in to an account whose address was never confirmed: a provider's link, a second factor, a key that works
 * or an open session says so. A password does not: it opens nothing before the address is confirmed.
 */
export async function isInUse(tx: Tx, userId: string): Promise<boolean> {
  const now = sql`clock_timestamp()`;
  const found = await union(
    tx.select({ id: oauthAccounts.id }).from(oauthAccounts).where(eq(oauthAccounts.userId, userId)),
    tx.select({ id: twoFactors.userId }).from(twoFactors).where(eq(twoFactors.userId, userId)),
    tx
      .select({ id: apiKeys.id })
      .from(apiKeys)
      .where(
        and(
          eq(apiKeys.userId, userId),
          isNull(apiKeys.revokedAt),
          or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)),
        ),
      ),
    tx
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.userId, userId), isNull(sessions.endedAt), gt(sessions.expiresAt, now))),
  ).limit(1);
  return found.length > 0;
}
