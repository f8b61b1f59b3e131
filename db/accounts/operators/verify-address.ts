import { and, eq, isNull, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { accountTokens } from '../tokens/schema.ts';
import { transitionUser } from '../transition.ts';
import { type Account, lockAccount } from '../lock-account.ts';
import { refuseUnlessOpen } from './refuse-unless-open.ts';

/**
 * An admin vouches that an address is its person's, whose mail does not arrive. The links that they were sent are dead. Throws
 * `user_not_found`, `account_disabled` and `account_closing`.
 */
export async function verifyAddress(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  refuseUnlessOpen(user);
  if (user.isVerified) return user;
  const verified = await transitionUser(tx, user, 'active', { isVerified: true });
  await tx
    .update(accountTokens)
    .set({ usedAt: sql`now()`, passwordHash: null })
    .where(
      and(
        eq(accountTokens.userId, userId),
        eq(accountTokens.purpose, 'verify_email'),
        isNull(accountTokens.usedAt),
      ),
    );
  await writeAuditLog(tx, act, {
    action: 'user.verify_email',
    subject: userSubject(userId),
    before: { isVerified: false },
    after: { isVerified: true },
  });
  return verified;
}
