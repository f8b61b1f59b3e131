import { and, eq } from 'drizzle-orm';
import { DISPUTE, type DisputeStatus } from '../../../domain/marketplace/dispute-machine.ts';
import type { Tx } from '../../client.ts';
import { disputes, type Dispute } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../../kernel/index.ts';

/** Changes a dispute's status, or its fields in the same status; the only code that writes the status. */
export async function transitionDispute(
  tx: Tx,
  dispute: Pick<Dispute, 'id' | 'status'>,
  to: DisputeStatus,
  set: Partial<Omit<Dispute, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Dispute> {
  assertTransition(DISPUTE, dispute, to, by);
  const rows = await tx
    .update(disputes)
    .set({ ...set, status: to })
    .where(and(eq(disputes.id, dispute.id), eq(disputes.status, dispute.status)))
    .returning();
  return transitionedOrStale(rows, DISPUTE, dispute, to);
}
