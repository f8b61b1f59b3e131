import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { transitionUser } from '../transition.ts';
import { type Account, lockAccount } from '../lock-account.ts';
import { refuseLastAdmin } from './refuse-last-admin.ts';
import { refuseClosing } from './refuse-unless-open.ts';

/**
 * An admin closes an account to its person: sessions and API keys count no more from the next request on. Done before, it stays
 * so. Throws `user_not_found`, `account_closing` and `last_admin`.
 */
export async function disableAccount(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  if (user.status === 'disabled') return user;
  refuseClosing(user);
  await refuseLastAdmin(tx, user);
  const disabled = await transitionUser(tx, user, 'disabled');
  await endWaysIn(tx, userId);
  await endSessions(tx, { userId }, 'account_disabled');
  await writeAuditLog(tx, act, {
    action: 'user.disable',
    subject: userSubject(userId),
    before: { status: user.status },
    after: { status: disabled.status },
  });
  return disabled;
}
