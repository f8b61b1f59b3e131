import type { Tx } from '../db/client.ts';
import {
  type Approval,
  readApproval,
  approveApproval,
  auditTelling,
  expireApproval,
  lockApproval,
  refuseEnded,
  markNotified,
} from '../db/approvals/index.ts';
import { lockRoles, refuseNoAdmin } from '../db/accounts/index.ts';
import type { Act } from '../db/kernel/index.ts';
import { isFinal, VezaError } from '../domain/errors.ts';
import { isUntold } from '../domain/approvals/index.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';
import { type Undertaking, undertakingOf } from './undertaking.ts';

export interface Approved {
  readonly approval: Approval;
  /** What came of it, where there is more to say. */
  readonly note: string | null;
}

/**
 * A second admin agrees to what another asked for: it is done in the transaction that says so, once, and only to what is
 * still as it was when it was asked for. Repeated by the same admin, it tells the engine again and answers the same; where
 * that did not get through within a minute, any admin may.
 * Throws `approval_not_found`, `approval_ended`, `approval_outdated` (which ends it), `second_admin_required` and
 * `person_required`, what `assertAdmin` does, and what the engine refuses after it has looked.
 */
export async function approve(deps: OperationsDeps, approvalId: string, act: Act): Promise<Approved> {
  // Whoever asked may hold the key of another admin, and a script has not read what it agrees to.
  if (act.apiKeyId !== undefined) {
    throw new VezaError('person_required', 'Agreeing takes a bearer token, not an API key.');
  }
  const asked = await readApproval(deps.db, approvalId);
  const decided = await deps.db.transaction(async (tx) => {
    // Whoever asked is an admin still, or it is done by one admin alone.
    const roles = await lockRoles(tx, [act.actor, ...(asked === null ? [] : [asked.requestedBy])]);
    refuseNoAdmin(act.actor, roles);
    const approval = await lockApproval(tx, approvalId);
    // A repeat: the first call may have met an engine that was away.
    if (approval.status === 'approved' && approval.decidedBy === act.actor) return { approval };
    // Done, and nothing is left to be decided: whoever is there now may tell the engine, also who asked.
    if (isUntold(approval, Date.now())) {
      await auditTelling(tx, approval, act);
      return { approval };
    }
    if (approval.requestedBy === act.actor) {
      throw new VezaError('second_admin_required', 'Whoever asks for it cannot be the one who agrees to it.');
    }
    refuseEnded(approval);
    if (roles.get(approval.requestedBy) !== 'admin') {
      return end(tx, approval, 'Whoever asked for it is no admin any more.');
    }
    return carryOut(tx, approval, act, deps.settings);
  });
  // Thrown only now: that it has ended is committed.
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
    // The engine had it, and refused: to repeat it changes nothing.
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
    // A savepoint: where it is refused, only that it has ended stays.
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
