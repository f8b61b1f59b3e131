import { and, asc, eq, lt } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import type { Transfer } from './transfers/schema.ts';
import { orderItems } from './orders/schema.ts';
import { refundAllocations, refunds } from './refunds/schema.ts';

/**
 * Books what a completing transfer pays of the kept fees of its seller's earlier refunds, the oldest refund first,
 * and returns how much it pays of each. The seller's balance must be locked. Minor units.
 */
export async function netFees(
  tx: Tx,
  transfer: Transfer,
  amountMinor: number,
): Promise<{ refundId: string; amountMinor: number }[]> {
  if (amountMinor === 0) return [];
  const owing = await tx
    .select({
      refundId: refundAllocations.refundId,
      orderItemId: refundAllocations.orderItemId,
      feesOwedMinor: refundAllocations.feesOwedMinor,
      feesNettedMinor: refundAllocations.feesNettedMinor,
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(orderItems.sellerId, transfer.sellerId),
        eq(refunds.currency, transfer.currency),
        eq(refunds.status, 'succeeded'),
        lt(refundAllocations.feesNettedMinor, refundAllocations.feesOwedMinor),
      ),
    )
    .orderBy(asc(refunds.succeededAt), asc(refunds.id), asc(orderItems.position));
  const netted = new Map<string, number>();
  let restMinor = amountMinor;
  for (const { refundId, orderItemId, feesOwedMinor, feesNettedMinor } of owing) {
    const byMinor = Math.min(feesOwedMinor - feesNettedMinor, restMinor);
    if (byMinor === 0) break;
    restMinor -= byMinor;
    netted.set(refundId, (netted.get(refundId) ?? 0) + byMinor);
    await tx
      .update(refundAllocations)
      .set({ feesNettedMinor: feesNettedMinor + byMinor })
      .where(and(eq(refundAllocations.refundId, refundId), eq(refundAllocations.orderItemId, orderItemId)));
  }
  if (restMinor > 0)
    throw new Error(`seller ${transfer.sellerId} owes ${restMinor} of fees that no refund explains`);
  return [...netted].map(([refundId, byMinor]) => ({ refundId, amountMinor: byMinor }));
}
