import { and, eq } from 'drizzle-orm';
import { REFUND, type RefundStatus } from '../../../domain/marketplace/refund-machine.ts';
import type { Tx } from '../../client.ts';
import { refunds, type Refund } from './schema.ts';
import { assertMove, movedOrStale, type Mover } from '../../kernel/index.ts';

/** Moves a refund, or changes it where it stands; the only code that writes its status. */
export async function moveRefund(
  tx: Tx,
  refund: Pick<Refund, 'id' | 'status'>,
  to: RefundStatus,
  set: Partial<Omit<Refund, 'id' | 'status'>> = {},
  by?: Mover,
): Promise<Refund> {
  assertMove(REFUND, refund, to, by);
  const rows = await tx
    .update(refunds)
    .set({ ...set, status: to })
    .where(and(eq(refunds.id, refund.id), eq(refunds.status, refund.status)))
    .returning();
  return movedOrStale(rows, REFUND, refund, to);
}
