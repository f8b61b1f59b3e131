import { and, asc, eq, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import type { Transfer } from '../moves/transfer.ts';
import { orderItems, refundAllocations, refunds } from '../schema/index.ts';

/** What was refunded of a transfer while Stripe had been asked for the whole, a refund each, in minor units. */
export async function readInFlightRefunds(
  tx: Tx,
  transfer: Transfer,
): Promise<readonly { readonly refundId: string; readonly amountMinor: number }[]> {
  return tx
    .select({
      refundId: refundAllocations.refundId,
      amountMinor:
        sql<number>`sum(${refundAllocations.sellerMinor} - ${refundAllocations.feesOwedMinor})`.mapWith(
          Number,
        ),
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(orderItems.orderId, transfer.orderId),
        eq(orderItems.sellerId, transfer.sellerId),
        eq(refundAllocations.sellerSource, 'in_flight'),
      ),
    )
    .groupBy(refundAllocations.refundId, refunds.succeededAt)
    .having(sql`sum(${refundAllocations.sellerMinor} - ${refundAllocations.feesOwedMinor}) > 0`)
    .orderBy(asc(refunds.succeededAt), asc(refundAllocations.refundId));
}

/** Once Stripe is known to have nothing, what was refunded meanwhile is simply not sent. */
export async function withholdInFlightRefunds(tx: Tx, transfer: Transfer): Promise<void> {
  await tx.execute(sql`
    UPDATE ${refundAllocations} SET seller_source = 'withheld'
    FROM ${orderItems}
    WHERE ${orderItems.id} = ${refundAllocations.orderItemId}
      AND ${orderItems.orderId} = ${transfer.orderId}
      AND ${orderItems.sellerId} = ${transfer.sellerId}
      AND ${refundAllocations.sellerSource} = 'in_flight'`);
}
