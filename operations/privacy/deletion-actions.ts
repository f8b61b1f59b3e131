import { lockAccount } from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { type Act, lockNamed } from '../../db/kernel/index.ts';
import {
  type AccountDeletion,
  closeAccount,
  eraseNow,
  holdDeletion,
  lockOpenDeletion,
  releaseHold,
  undoDeletion,
} from '../../db/privacy/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { DELETION_ACTIONS } from '../../domain/privacy/actions.ts';
import { deletionWorkflowId } from '../../domain/privacy/ids.ts';
import { reasonOf } from '../acting.ts';
import type { OperationsSettings } from '../deps.ts';
import type { Acted, RowAction } from '../row-kind.ts';

/** Whose workflow looks at the row. */
interface Leaver {
  readonly userId: string;
  /** ISO 8601. */
  readonly finalAt: string;
}

type DeletionAction = RowAction<AccountDeletion, Leaver>;

const acted = (deletion: AccountDeletion): Acted<AccountDeletion, Leaver> => ({
  done: deletion,
  now: { subject: deletionWorkflowId(deletion.userId), status: deletion.status },
  work: { userId: deletion.userId, finalAt: deletion.finalAt.toISOString() },
});

/** Starts the workflow, or has the one that runs look at the row. */
const notify: DeletionAction['notify'] = async ({ engine }, leaver) => {
  await engine.startDeletion(leaver);
  return null;
};

/** Closes somebody's account for them; an admin's takes two, as to take the role from one does. */
export const scheduleDeletion: DeletionAction = {
  action: 'schedule_deletion',
  kind: 'account',
  refusals: ['user_not_found', 'account_closing', 'last_admin'],
  async snapshot(tx, userId) {
    const { status, role } = await lockNamed(tx, 'user', userId, lockAccount);
    return { status, money: null, ...(role === 'admin' && { takesTwoAdmins: true as const }) };
  },
  async act(tx, userId, act, { billingTerms: terms, deletionGraceMs: graceMs }) {
    const by = { ...act, reason: reasonOf(act) };
    const leaving = { userId, requestedBy: act.actor, keepPublicTracks: false, graceMs, terms };
    return acted(await closeAccount(tx, by, leaving));
  },
  notify,
  describeEffect: (standing) => effectOf(DELETION_ACTIONS.schedule_deletion, standing),
};

interface Described {
  readonly refusals?: DeletionAction['refusals'];
  readonly takesTwoAdmins?: true;
  act(tx: Tx, userId: string, act: Act, settings: OperationsSettings): Promise<AccountDeletion>;
}

/** On somebody who leaves: whoever erases looks at the row first. */
const actionOf = (
  action: Exclude<keyof typeof DELETION_ACTIONS, 'schedule_deletion'>,
  { refusals = [], takesTwoAdmins, act: perform }: Described,
): DeletionAction => ({
  action,
  kind: 'deletion',
  ...(takesTwoAdmins && { takesTwoAdmins }),
  refusals: ['user_not_found', 'deletion_not_found', 'deletion_final', ...refusals],
  async snapshot(tx, userId) {
    await lockNamed(tx, 'user', userId, lockAccount);
    const open = await lockOpenDeletion(tx, userId);
    if (open === null) throw new VezaError('deletion_not_found', 'The account is not being closed.');
    return { status: open.heldAt === null ? open.status : 'held', money: null };
  },
  act: async (tx, userId, act, settings) =>
    acted(await perform(tx, userId, { ...act, reason: reasonOf(act) }, settings)),
  notify,
  describeEffect: (standing) => effectOf(DELETION_ACTIONS[action], standing),
});

export const DELETION_ROW_ACTIONS: readonly DeletionAction[] = [
  actionOf('undo_deletion', {
    act: (tx, userId, act, { billingTerms: terms }) => undoDeletion(tx, act, { userId, terms }),
  }),
  actionOf('hold_deletion', { act: (tx, userId, act) => holdDeletion(tx, act, userId) }),
  actionOf('release_hold', { act: (tx, userId, act) => releaseHold(tx, act, userId) }),
  actionOf('erase_now', {
    refusals: ['deletion_held'],
    takesTwoAdmins: true,
    act: (tx, userId, act) => eraseNow(tx, act, userId),
  }),
];
