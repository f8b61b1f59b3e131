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
 * so. Whoever leaves goes on leaving, and is barred until then. Throws `user_not_found`, `account_closing` and `last_admin`.
 */
export async function disableAccount(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  if (user.status === 'disabled' || (user.status === 'closing' && user.isBarred)) return user;
  const disabled = await shut(tx, user);
  await endWaysIn(tx, userId);
  await endSessions(tx, { userId }, 'account_disabled');
  await writeAuditLog(tx, act, {
    action: 'user.disable',
    subject: userSubject(userId),
    before: { status: user.status },
    after: { status: disabled.status, isBarred: disabled.isBarred },
  });
  return disabled;
}

async function shut(tx: Tx, user: Account): Promise<Account> {
  if (user.status === 'closing') return transitionUser(tx, user, 'closing', { isBarred: true });
  refuseClosing(user);
  await refuseLastAdmin(tx, user);
  return transitionUser(tx, user, 'disabled');
}
