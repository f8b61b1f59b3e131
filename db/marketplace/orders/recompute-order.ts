import { and, eq } from 'drizzle-orm';
import { canTransition, type OrderStatus } from '../../../domain/marketplace/order-machine.ts';
import type { Tx } from '../../client.ts';
import { isSuspended, transitionOrder, transitionOrderUnread } from './transition.ts';
import type { Order } from './schema.ts';
import type { TransitionCause } from '../../kernel/index.ts';
import { refunds } from '../refunds/schema.ts';

/**
 * Sets an order's status after any settlement, by what is open and what was given back, so that the order in which
 * refunds end does not matter. The order must be locked.
 */
export async function recomputeOrder(
  tx: Tx,
  order: Order,
  refundedMinor = order.refundedMinor,
  by: TransitionCause = 'automation',
): Promise<Order> {
  const [open] = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(eq(refunds.orderId, order.id), eq(refunds.status, 'pending')))
    .limit(1);
  const to = open ? 'refund_pending' : restingStatus(order, refundedMinor);
  // A give-back that succeeds after a failure passes through the status that it had left.
  const from = canTransition(order.status, to, by)
    ? order
    : await transitionOrder(tx, order, 'refund_pending');
  return transitionOrderUnread(tx, from, to, { refundedMinor }, by);
}

function restingStatus(order: Order, refundedMinor: number): OrderStatus {
  if (order.capturedMinor !== null && refundedMinor === order.capturedMinor) return 'refunded';
  if (refundedMinor > 0) return 'partially_refunded';
  return isSuspended(order) ? 'failed' : 'completed';
}
