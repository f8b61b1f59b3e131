import { and, asc, eq, gt, sql } from 'drizzle-orm';
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
      amountMinor: sql<number>`sum(${refundAllocations.inFlightMinor})`.mapWith(Number),
    })
    .from(refundAllocations)
    .innerJoin(orderItems, eq(orderItems.id, refundAllocations.orderItemId))
    .innerJoin(refunds, eq(refunds.id, refundAllocations.refundId))
    .where(
      and(
        eq(orderItems.orderId, transfer.orderId),
        eq(orderItems.sellerId, transfer.sellerId),
        gt(refundAllocations.inFlightMinor, 0),
      ),
    )
    .groupBy(refundAllocations.refundId, refunds.succeededAt)
    .orderBy(asc(refunds.succeededAt), asc(refundAllocations.refundId));
}

/** The transfer completed, and its reversals of these refunds are open: no later transfer takes them again. */
export async function settleInFlightRefunds(tx: Tx, transfer: Transfer): Promise<void> {
  await tx.execute(sql`
    UPDATE ${refundAllocations} SET in_flight_minor = 0
    FROM ${orderItems}
    WHERE ${ofTransfer(transfer)}`);
}

/** Once Stripe is known to have nothing, what was refunded meanwhile is simply not sent. */
export async function withholdInFlightRefunds(tx: Tx, transfer: Transfer): Promise<void> {
  await tx.execute(sql`
    UPDATE ${refundAllocations} SET seller_source = 'withheld', in_flight_minor = 0
    FROM ${orderItems}
    WHERE ${ofTransfer(transfer)}`);
}

const ofTransfer = ({ orderId, sellerId }: Transfer) => sql`
  ${orderItems.id} = ${refundAllocations.orderItemId}
  AND ${orderItems.orderId} = ${orderId}
  AND ${orderItems.sellerId} = ${sellerId}
  AND ${refundAllocations.inFlightMinor} > 0`;
