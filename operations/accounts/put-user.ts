import {
  assertAdmin,
  type OwnUser,
  putUser as put,
  readUser,
  type UserToPut,
} from '../../db/accounts/index.ts';
import type { Act } from '../../db/kernel/index.ts';
import { userSubject } from '../../domain/accounts/index.ts';
import type { OperationsDeps } from '../deps.ts';
import { findAction } from '../index.ts';
import { decideAction } from '../perform.ts';
import type { Approval } from '../second-admin.ts';

export interface UserPut {
  readonly user: OwnUser;
  readonly wasMade: boolean;
  /** Giving or taking the role admin, which waits for a second admin; null where nothing waits. */
  readonly awaits: Approval | null;
}

/**
 * An admin makes or changes the row of somebody whom an identity provider knows, at once but for the role admin: giving and
 * taking it waits for a second admin. Throws what `putUser`, `giveAdmin` and `takeAdmin` throw, `validation_failed` where those
 * two have no reason, and what `assertAdmin` throws.
 */
export const putUser = (
  { db, settings }: Pick<OperationsDeps, 'db' | 'settings'>,
  asked: UserToPut,
  act: Act,
): Promise<UserPut> =>
  db.transaction(async (tx) => {
    await assertAdmin(tx, act, [asked.id]);
    const { account, wasMade } = await put(tx, asked, act);
    const change = changeOf(account.role === 'admin', asked);
    const decided =
      change === null ? null : await decideAction(tx, settings, findAction(change).operation, asked.id, act);
    const user = await readUser(tx, asked.id);
    if (user === null) throw new Error('the row is gone that was put');
    return { user, wasMade, awaits: decided !== null && 'awaits' in decided ? decided.awaits : null };
  });

/** What is left to do of the role. */
function changeOf(isAdmin: boolean, { id, role }: UserToPut) {
  const subject = userSubject(id);
  if (isAdmin === (role === 'admin')) return null;
  return isAdmin
    ? ({ action: 'take_admin', subject, params: { role } } as const)
    : ({ action: 'give_admin', subject } as const);
}
