import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { transitionUser } from '../transition.ts';
import { type Account, lockAccount } from '../lock-account.ts';
import { refuseClosing } from './refuse-unless-open.ts';

/**
 * An admin opens a disabled account again; its person signs in anew. One that is being left is open to its person again, and is
 * left all the same. Throws `user_not_found` and `account_closing`.
 */
export async function enableAccount(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  if (user.status === 'active' || (user.status === 'closing' && !user.isBarred)) return user;
  const enabled = await open(tx, user);
  await writeAuditLog(tx, act, {
    action: 'user.enable',
    subject: userSubject(userId),
    before: { status: user.status },
    after: { status: enabled.status, isBarred: enabled.isBarred },
  });
  return enabled;
}

async function open(tx: Tx, user: Account): Promise<Account> {
  if (user.status === 'closing') return transitionUser(tx, user, 'closing', { isBarred: false });
  refuseClosing(user);
  return transitionUser(tx, user, 'active');
}
