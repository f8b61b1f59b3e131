import type { Tx } from '../db/client.ts';
import {
  type Approval,
  readApproval,
  approveApproval,
  logTelling,
  expireApproval,
  lockApproval,
  refuseEnded,
  rejectApproval,
  markNotified,
} from '../db/approvals/index.ts';
import { assertAdmin, lockRoles, refuseNoAdmin } from '../db/accounts/index.ts';
import type { Act } from '../db/kernel/index.ts';
import { isFinal, VezaError } from '../domain/errors.ts';
import { isUntold } from '../domain/approvals/index.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';
import { type ApprovedList, listOf } from './approved-list.ts';
import { actOnEach, type BulkWork, notifyBulk } from './bulk.ts';
import { type BulkFilter, readBulkList } from './bulk-list.ts';
import { findAction, PARTS, peopleOf } from './index.ts';
import { seenOf } from './perform.ts';
import type { Undertaking } from './row-kind.ts';
import { ACTION_NAMES, BULK_ACTIONS } from './titles.ts';

export interface Approved {
  readonly approval: Approval;
  /** More about the result, if there is more to say. */
  readonly note: string | null;
}

/**
 * A second admin agrees to what another asked for. The same transaction does it, once, and only if the subject has
 * not changed since it was asked for. Repeated by the same admin, it notifies the engine again and gives the same
 * answer; if the engine was not notified within a minute, any admin may repeat it. Throws `approval_not_found`,
 * `approval_ended`, `approval_outdated` (which ends it), `second_admin_required` and `person_required`, what
 * `assertAdmin` throws, and the engine's refusal after a look.
 */
export async function approve(deps: OperationsDeps, approvalId: string, act: Act): Promise<Approved> {
  // The one who asked may hold another admin's key, and a script has not read what it agrees to.
  if (act.apiKeyId !== undefined) {
    throw new VezaError('person_required', 'Agreeing takes a bearer token, not an API key.');
  }
  const asked = await readApproval(deps.db, approvalId);
  const decided = await deps.db.transaction(async (tx) => {
    // The one who asked must still be an admin, or one admin alone would have decided.
    const people = asked === null ? [] : [asked.requestedBy, ...peopleOf(asked.subject)];
    const roles = await lockRoles(tx, [act.actor, ...people]);
    refuseNoAdmin(act.actor, roles);
    const approval = await lockApproval(tx, approvalId);
    // A repeat: the first call may have met an engine that was away.
    if (approval.status === 'approved' && approval.decidedBy === act.actor) return { approval };
    // It is done and decided: any admin may notify the engine now, also the one who asked.
    if (isUntold(approval, Date.now())) {
      await logTelling(tx, approval, act);
      return { approval };
    }
    if (approval.requestedBy === act.actor) {
      throw new VezaError('second_admin_required', 'The admin who asked for it cannot also agree to it.');
    }
    refuseEnded(approval);
    if (roles.get(approval.requestedBy) !== 'admin') {
      return end(tx, approval, 'The user who asked for it is no admin any more.');
    }
    return carryOut(tx, approval, act, deps.settings);
  });
  // Thrown only now, after the commit of the approval's end.
  if ('outdated' in decided) throw new VezaError('approval_outdated', decided.outdated);
  const { approval } = decided;
  return { approval, note: await notify(deps, approval) };
}

async function notify(deps: OperationsDeps, approval: Approval): Promise<string | null> {
  try {
    const note = await undertakingOf(approval).notify(deps, approval.work);
    await markNotified(deps.db, approval.id);
    return note;
  } catch (error) {
    // The engine was notified and refused: a repeat changes nothing.
    if (isFinal(error)) await markNotified(deps.db, approval.id);
    throw error;
  }
}

async function carryOut(
  tx: Tx,
  approval: Approval,
  act: Act,
  settings: OperationsSettings,
): Promise<{ readonly approval: Approval } | { readonly outdated: string }> {
  if (approval.expiresAt.getTime() <= Date.now()) return end(tx, approval, 'It waited for too long.');
  const undertaking = undertakingOf(approval);
  try {
    // A savepoint: after a refusal only the approval's end stays.
    const work = await tx.transaction(async (inner) => {
      await refuseChanged(inner, approval, undertaking, settings);
      return undertaking.act(inner, { actor: approval.requestedBy, reason: approval.reason }, settings);
    });
    return { approval: await approveApproval(tx, approval, act, work) };
  } catch (error) {
    if (!(error instanceof VezaError)) throw error;
    return end(tx, approval, error.detail);
  }
}

async function refuseChanged(
  tx: Tx,
  approval: Approval,
  undertaking: Undertaking,
  settings: OperationsSettings,
): Promise<void> {
  if ((await undertaking.seen(tx, settings)) === approval.seen) return;
  throw new VezaError(
    'approval_outdated',
    `${approval.subject} has changed since it was asked for: look again, and ask anew if it is still wanted.`,
  );
}

async function end(tx: Tx, approval: Approval, why: string): Promise<{ readonly outdated: string }> {
  await expireApproval(tx, approval, why);
  return { outdated: why };
}

/**
 * An admin says no to what another asked for, or the one who asked takes it back. Throws `approval_not_found`,
 * `approval_ended`, and what `assertAdmin` throws.
 */
export const reject = ({ db }: Pick<OperationsDeps, 'db'>, approvalId: string, act: Act): Promise<Approval> =>
  db.transaction(async (tx) => {
    await assertAdmin(tx, act);
    return rejectApproval(tx, approvalId, act);
  });

/** What was asked for, as whoever agrees to it carries it out: on one row, on a list, or what a subject brings besides. */
function undertakingOf(approval: Approval): Undertaking {
  for (const part of PARTS) {
    const undertaking = part.undertakingOf?.(approval);
    if (undertaking) return undertaking;
  }
  const list = listOf(approval);
  return list === null ? onOne(approval) : onMany(approval, list);
}

function onOne({ action: text, subject: on, params }: Approval): Undertaking {
  const action = ACTION_NAMES.find((name) => name === text);
  if (action === undefined) throw new Error(`an approval of an action that nobody knows: ${text}`);
  const { operation, subject } = findAction({ action, subject: on, params: params ?? undefined });
  return {
    async seen(tx, settings) {
      return seenOf(operation, on, await operation.snapshot(tx, subject.id, settings));
    },
    async act(tx, act, settings) {
      const { work } = await operation.act(tx, subject.id, act, settings);
      return work;
    },
    notify: async (deps, work) => (await operation.notify(deps, work))?.note ?? null,
  };
}

function onMany({ action: text }: Approval, { subjects }: ApprovedList): Undertaking {
  const action = BULK_ACTIONS.find((name) => name === text);
  if (action === undefined) throw new Error(`an approval of an action on many that nobody knows: ${text}`);
  const filter: BulkFilter = { stuck: { olderThanMinutes: 0, subjects } };
  return {
    seen: async (tx) => (await readBulkList(tx, action, filter)).fingerprint,
    async act(tx, act, settings) {
      const list = await readBulkList(tx, action, filter);
      return (await actOnEach(tx, action, list, act, settings)).work;
    },
    async notify(deps, work) {
      const told = await notifyBulk(deps, action, work as readonly BulkWork[]);
      return Object.entries(told)
        .map(([note, count]) => `${count}: ${note}`)
        .join(' ');
    },
  };
}
