import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { transitionUser } from '../transition.ts';
import { type Account, lockAccount } from '../lock-account.ts';
import { refuseClosing } from './refuse-unless-open.ts';

/** An admin opens a disabled account again; its person signs in anew. Throws `user_not_found` and `account_closing`. */
export async function enableAccount(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  if (user.status === 'active') return user;
  refuseClosing(user);
  const enabled = await transitionUser(tx, user, 'active');
  await writeAuditLog(tx, act, {
    action: 'user.enable',
    subject: userSubject(userId),
    before: { status: user.status },
    after: { status: enabled.status },
  });
  return enabled;
}
