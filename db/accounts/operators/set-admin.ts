import { type Role, SELF_MADE_ROLE, userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { transitionUser } from '../transition.ts';
import { type Account, lockAccount } from '../lock-account.ts';
import { refuseLastAdmin } from './refuse-last-admin.ts';
import { refuseUnlessOpen } from './refuse-unless-open.ts';

/** Admins make another one. It counts at their next request. Throws `user_not_found`, `account_disabled`,
 * `account_closing` and `email_not_verified`. */
export async function giveAdmin(tx: Tx, userId: string, act: Act): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  refuseUnlessOpen(user);
  if (!user.isVerified) throw new VezaError('email_not_verified', 'Its address was not confirmed yet.');
  return changeRole(tx, user, 'admin', act);
}

/**
 * Admins take the role from one, who has another one from here on. Unless it is named, a creator is what made a creator of itself
 * before, everybody else a user. Throws `user_not_found` and `last_admin`.
 */
export async function takeAdmin(
  tx: Tx,
  userId: string,
  act: Act,
  role?: Exclude<Role, 'admin'>,
): Promise<Account> {
  const user = await lockNamed(tx, 'user', userId, lockAccount);
  if (user.role !== 'admin') return user;
  await refuseLastAdmin(tx, user);
  return changeRole(tx, user, role ?? (user.promotedToCreatorAt === null ? 'user' : SELF_MADE_ROLE), act);
}

async function changeRole(tx: Tx, user: Account, role: Role, act: Act): Promise<Account> {
  if (user.role === role) return user;
  const changed = await transitionUser(tx, user, user.status, { role });
  await writeAuditLog(tx, act, {
    action: 'user.role',
    subject: userSubject(user.id),
    before: { role: user.role },
    after: { role },
  });
  return changed;
}
