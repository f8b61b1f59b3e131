import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import type { Act } from '../../kernel/index.ts';
import { oauthAccounts } from '../oauth/schema.ts';
import { endOauth } from '../oauth/states.ts';
import { revokeKeysOf } from '../revoke-api-key.ts';
import { users } from '../schema.ts';
import { twoFactorChallenges, twoFactors } from '../second-factor/schema.ts';
import { endSessions } from '../sessions/end.ts';
import { withdrawTokens } from '../tokens/make.ts';

/**
 * Takes from an account whose address nobody proved all that opens it: somebody else may have put that there, to be let in once
 * the address's owner comes. Password, links in mails, providers, sessions and keys. A second factor opens nothing, so it stays:
 * a mailbox alone takes none away. Who calls has locked the user.
 */
export async function dropSignIns(tx: Tx, userId: string, act: Act): Promise<void> {
  await tx.update(users).set({ passwordHash: null }).where(eq(users.id, userId));
  await withdrawTokens(tx, userId);
  await dropProviders(tx, userId);
  await tx.delete(twoFactors).where(and(eq(twoFactors.userId, userId), isNull(twoFactors.confirmedAt)));
  await tx
    .update(twoFactorChallenges)
    .set({ endedAt: sql`now()` })
    .where(and(eq(twoFactorChallenges.userId, userId), isNull(twoFactorChallenges.endedAt)));
  await endSessions(tx, { userId }, 'revoked');
  await revokeKeysOf(tx, userId, act);
}

/** The same of other providers alone, with the ways to them that are under way. */
async function dropProviders(tx: Tx, userId: string): Promise<void> {
  await tx.delete(oauthAccounts).where(eq(oauthAccounts.userId, userId));
  await endOauth(tx, userId);
}
