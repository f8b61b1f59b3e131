import { and, eq, isNull } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { userSubject } from '../../../domain/accounts/index.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { oauthAccounts } from '../oauth/schema.ts';
import { revokeKeysOf } from '../revoke-api-key.ts';
import { users } from '../schema.ts';
import { twoFactors } from '../second-factor/schema.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { tellAccount } from '../tell-account.ts';
import { withdrawTokens } from '../tokens/make.ts';

/**
 * Takes from an account whose address nobody proved all that opens it: somebody else may have put that there, to be let in once
 * the address's owner comes. Password, links in mails, providers, sessions and keys. A second factor opens nothing, so it stays:
 * a mailbox alone takes none away. Each link and key is an entry of the audit log, each link a mail too. Who calls has locked the user.
 */
export async function dropSignIns(tx: Tx, userId: string, act: Act): Promise<void> {
  await tx.update(users).set({ passwordHash: null }).where(eq(users.id, userId));
  await withdrawTokens(tx, userId);
  await dropProviders(tx, userId, act);
  await tx.delete(twoFactors).where(and(eq(twoFactors.userId, userId), isNull(twoFactors.confirmedAt)));
  await endWaysIn(tx, userId);
  const sessionIds = await endSessions(tx, { userId }, 'revoked');
  if (sessionIds.length > 0) {
    const entry = {
      action: 'session.end',
      subject: userSubject(userId),
      before: null,
      after: { sessionIds },
    };
    await writeAuditLog(tx, act, entry);
  }
  await revokeKeysOf(tx, userId, act);
}

/** The same of other providers alone. */
async function dropProviders(tx: Tx, userId: string, act: Act): Promise<void> {
  const { id, provider } = oauthAccounts;
  const gone = await tx
    .delete(oauthAccounts)
    .where(eq(oauthAccounts.userId, userId))
    .returning({ id, provider });
  for (const link of gone) {
    const before = { provider: link.provider, oauthAccountId: link.id };
    const entry = { action: 'user.oauth_unlink', subject: userSubject(userId), before, after: null };
    await writeAuditLog(tx, act, entry);
    await tellAccount(tx, userId, { kind: 'oauth_unlinked', params: { provider: link.provider } });
  }
}
