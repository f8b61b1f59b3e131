import { and, eq, getTableColumns, inArray, sql } from 'drizzle-orm';
import type { RefundableOrder } from '../../../domain/marketplace/eligibility.ts';
import type { Db, Tx } from '../../client.ts';
import { isSuspended } from './transition.ts';
import { disputes } from '../disputes/schema.ts';
import { refundAllocations, refunds } from '../refunds/schema.ts';
import { orderItems, orders } from './schema.ts';

/**
 * An order for the decision about a refund: of each item is left what neither succeeded nor open refunds hold. Null
 * where there is no such order. Binding only inside a transaction that has locked the order.
 */
export async function readRefundableOrder(db: Db | Tx, orderId: string): Promise<RefundableOrder | null> {
  const takenFromSeller = sql`coalesce(sum(${refundAllocations.sellerMinor}), 0)`;
  const takenFromFee = sql`coalesce(sum(${refundAllocations.feeMinor}), 0)`;
  // Where a kept fee made the seller bear more than their share, nothing is left of the share, and less of the item.
  const sellerLeft = sql`greatest(${orderItems.amountMinor} - ${orderItems.platformFeeMinor} - ${takenFromSeller}, 0)`;
  const holding = db
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), inArray(refunds.status, ['pending', 'succeeded'])));
  // One statement, a row an item: a buyer waits for each further one.
  const rows = await db
    .select({
      order: getTableColumns(orders),
      item: {
        orderItemId: orderItems.id,
        sellerId: orderItems.sellerId,
        sellerLeftMinor: sql<number>`${sellerLeft}`.mapWith(Number),
        feeLeftMinor:
          sql<number>`${orderItems.amountMinor} - ${takenFromSeller} - ${takenFromFee} - ${sellerLeft}`.mapWith(
            Number,
          ),
      },
      refundOpen: sql<boolean>`EXISTS (SELECT 1 FROM ${refunds} AS open WHERE open.order_id = ${orders.id} AND open.status = 'pending')`,
      disputeOpen: sql<boolean>`EXISTS (SELECT 1 FROM ${disputes} AS open WHERE open.order_id = ${orders.id} AND open.status = 'open')`,
    })
    .from(orders)
    .innerJoin(orderItems, eq(orderItems.orderId, orders.id))
    .leftJoin(
      refundAllocations,
      and(eq(refundAllocations.orderItemId, orderItems.id), inArray(refundAllocations.refundId, holding)),
    )
    .where(eq(orders.id, orderId))
    .groupBy(orders.id, orderItems.id)
    .orderBy(orderItems.position);
  const [first] = rows;
  if (first === undefined) return null;
  const { order } = first;
  return {
    id: order.id,
    buyerId: order.buyerId,
    status: order.status,
    currency: order.currency,
    capturedMinor: order.paymentId === null ? null : order.capturedMinor,
    suspended: isSuspended(order),
    refundOpen: first.refundOpen,
    disputeOpen: first.disputeOpen,
    refundDeadlineMs: order.refundDeadline?.getTime() ?? null,
    completedAtMs: order.completedAt?.getTime() ?? null,
    createdAtMs: order.createdAt.getTime(),
    items: rows.map(({ item }) => item),
  };
}
