import { and, eq } from 'drizzle-orm';
import { REFUND, type RefundStatus } from '../../../domain/marketplace/refund-machine.ts';
import type { Tx } from '../../client.ts';
import { refunds, type Refund } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../../kernel/index.ts';

/** Changes a refund's status, or its fields in the same status; the only code that writes the status. */
export async function transitionRefund(
  tx: Tx,
  refund: Pick<Refund, 'id' | 'status'>,
  to: RefundStatus,
  set: Partial<Omit<Refund, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Refund> {
  assertTransition(REFUND, refund, to, by);
  const rows = await tx
    .update(refunds)
    .set({ ...set, status: to })
    .where(and(eq(refunds.id, refund.id), eq(refunds.status, refund.status)))
    .returning();
  return transitionedOrStale(rows, REFUND, refund, to);
}
