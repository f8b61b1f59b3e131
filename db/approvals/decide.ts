import { eq } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import { withoutEmails } from '../../domain/kernel/index.ts';
import type { Tx } from '../client.ts';
import { type Approval, approvals } from './schema.ts';
import { transitionApproval } from './transition.ts';
import { type Act, writeAuditLog } from '../kernel/index.ts';

// The parts of a decision. Each runs in the given transaction, which also does what was agreed to.

/** Throws `approval_not_found`. */
export async function lockApproval(tx: Tx, approvalId: string): Promise<Approval> {
  const [approval] = await tx
    .select()
    .from(approvals)
    .where(eq(approvals.id, approvalId))
    .for('no key update');
  if (approval === undefined)
    throw new VezaError('approval_not_found', `There is no approval ${approvalId}.`);
  return approval;
}

/** What the one who decides says to it. Addresses in it are masked, as in the audit log. */
const noteOf = ({ reason }: Act): string | null => (reason === undefined ? null : withoutEmails(reason));

/** A second admin agrees; `work` is what the engine has to be notified of. */
export async function approveApproval(
  tx: Tx,
  approval: Approval,
  act: Act,
  work: unknown,
): Promise<Approval> {
  const decided = { decidedBy: act.actor, decidedAt: new Date(), note: noteOf(act), work };
  const approved = await transitionApproval(tx, approval, 'approved', decided, 'review');
  await logDecision(tx, act, approval, 'approve');
  return approved;
}

/** An admin says no, or the one who asked takes it back. Throws `approval_ended`. */
export async function rejectApproval(tx: Tx, approvalId: string, act: Act): Promise<Approval> {
  const approval = await lockApproval(tx, approvalId);
  if (approval.status === 'rejected' && approval.decidedBy === act.actor) return approval;
  refuseEnded(approval);
  const decided = { decidedBy: act.actor, decidedAt: new Date(), note: noteOf(act) };
  const rejected = await transitionApproval(tx, approval, 'rejected', decided, 'review');
  await logDecision(tx, act, approval, 'reject');
  return rejected;
}

/** Ends an approval to which nobody can agree any more, with the reason. */
export async function expireApproval(tx: Tx, approval: Approval, note: string): Promise<void> {
  await transitionApproval(tx, approval, 'expired', { note });
  await logDecision(tx, { actor: 'system', reason: note }, approval, 'expire');
}

/** Throws `approval_ended` where the approval does not wait any more. */
export function refuseEnded({ id, status }: Approval): void {
  if (status === 'pending') return;
  throw new VezaError('approval_ended', `Approval ${id} is ${status}.`, { status_now: status });
}

/** Records that an admin other than the one who agreed notifies the engine. */
export const logTelling = (tx: Tx, approval: Approval, act: Act): Promise<void> =>
  logDecision(tx, act, approval, 'tell');

const logDecision = (
  tx: Tx,
  act: Act,
  approval: Approval,
  decision: 'approve' | 'reject' | 'expire' | 'tell',
) =>
  writeAuditLog(tx, act, {
    action: `approval.${decision} ${approval.action}`,
    subject: approval.subject,
    before: { approvalId: approval.id, requestedBy: approval.requestedBy, reason: approval.reason },
    after: null,
  });
