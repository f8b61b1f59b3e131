import { and, eq } from 'drizzle-orm';
import { APPROVAL, type ApprovalStatus } from '../../domain/approvals/approval-machine.ts';
import type { Tx } from '../client.ts';
import { approvals, type Approval } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../kernel/index.ts';

/** Changes an approval's status, or its fields in the same status; the only code that writes the status. */
export async function transitionApproval(
  tx: Tx,
  approval: Pick<Approval, 'id' | 'status'>,
  to: ApprovalStatus,
  set: Partial<Omit<Approval, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Approval> {
  assertTransition(APPROVAL, approval, to, by);
  const rows = await tx
    .update(approvals)
    .set({ ...set, status: to })
    .where(and(eq(approvals.id, approval.id), eq(approvals.status, approval.status)))
    .returning();
  return transitionedOrStale(rows, APPROVAL, approval, to);
}
