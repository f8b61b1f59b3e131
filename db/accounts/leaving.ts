import type { Tx } from '../client.ts';
import type { Act } from '../kernel/index.ts';
import type { Account } from './lock-account.ts';
import { refuseLastAdmin } from './operators/refuse-last-admin.ts';
import { revokeKeysOf } from './revoke-api-key.ts';
import { endWaysIn } from './sessions/end-ways-in.ts';
import { endSessions } from './sessions/end.ts';
import { withdrawTokens } from './tokens/make.ts';
import { transitionUser } from './transition.ts';

/**
 * Closes a locked account whose person leaves: all that is open of it ends. One that an admin had disabled stays shut to its
 * person. Throws `last_admin`.
 */
export async function closeLeaving(tx: Tx, user: Account, act: Act): Promise<Account> {
  if (user.status === 'active') await refuseLastAdmin(tx, user);
  const closing = await transitionUser(tx, user, 'closing', { isBarred: user.status === 'disabled' });
  await endWaysIn(tx, user.id);
  await endSessions(tx, { userId: user.id }, 'account_closing');
  await withdrawTokens(tx, user.id);
  await revokeKeysOf(tx, user.id, act);
  return closing;
}

/** Opens a locked account again whose person stays after all; one that is barred is disabled, as it was. */
export async function openStaying(tx: Tx, user: Account): Promise<Account> {
  const open = await transitionUser(tx, user, 'active', { isBarred: false });
  return user.isBarred ? transitionUser(tx, open, 'disabled') : open;
}

/** Shuts a locked account that was being left, for good. */
export async function shutForErasing(tx: Tx, user: Account): Promise<void> {
  await transitionUser(tx, user, 'erasing');
  await endWaysIn(tx, user.id);
  await withdrawTokens(tx, user.id);
  await endSessions(tx, { userId: user.id }, 'account_closing');
}
