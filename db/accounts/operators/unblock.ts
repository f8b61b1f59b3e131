import { eq } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { forgetFailures } from '../limits/attempts.ts';
import { twoFactors } from '../second-factor/schema.ts';
import { type Account, lockAccount } from '../lock-account.ts';

/**
 * An admin lets somebody try again at once: wrong passwords, from one client or from everywhere, and wrong codes are forgotten.
 * Throws `user_not_found`.
 */
export async function unblockAccount(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  const [factor] = await tx
    .select({ failures: twoFactors.failures })
    .from(twoFactors)
    .where(eq(twoFactors.userId, userId))
    .for('no key update');
  const [passwords, codes] = [await forgetFailures(tx, userId), factor?.failures ?? 0];
  if (passwords === 0 && codes === 0) return user;
  await tx.update(twoFactors).set({ failures: 0, blockedUntil: null }).where(eq(twoFactors.userId, userId));
  await writeAuditLog(tx, act, {
    action: 'user.unblock',
    subject: userSubject(userId),
    before: { passwords, codes },
    after: { passwords: 0, codes: 0 },
  });
  return user;
}
