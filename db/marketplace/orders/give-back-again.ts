import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { orderWorkflowId, refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import { isSuspended, transitionOrder } from './transition.ts';
import { type Refund, refunds } from '../refunds/schema.ts';
import { type Act, writeAuditLog, clearFlags, lockNamed } from '../../kernel/index.ts';
import { lockOrder } from '../lock.ts';

/**
 * An operator gives back again a payment that no order took, after the first give-back failed: a new refund of all
 * that is still held. Throws `order_not_found` and `order_not_refundable`.
 */
export async function giveBackAgain(
  tx: Tx,
  { orderId, ...act }: Act & { readonly orderId: string; readonly reason: string },
): Promise<Refund> {
  const order = await lockNamed(tx, 'order', orderId, lockOrder);
  const heldMinor = (order.capturedMinor ?? 0) - order.refundedMinor;
  if (!isSuspended(order) || heldMinor === 0 || order.capturedCurrency === null) {
    throw new VezaError('order_not_refundable', 'No payment is held for this order.', {
      order_status: order.status,
    });
  }
  if (order.status === 'refund_pending') {
    throw new VezaError('refund_already_requested', 'A refund is already in progress for this order.');
  }
  const failed = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(
      and(eq(refunds.orderId, orderId), eq(refunds.kind, 'payment_returned'), eq(refunds.status, 'failed')),
    );
  await transitionOrder(tx, order, 'refund_pending');
  const currency = order.capturedCurrency;
  const [refund] = await tx
    .insert(refunds)
    .values({ id: uuidv7(), orderId, kind: 'payment_returned', amountMinor: heldMinor, currency })
    .returning();
  if (refund === undefined) throw new Error(`no refund was opened for the payment of order ${orderId}`);
  for (const { id } of failed) await clearFlags(tx, 'give_back_failed', refundWorkflowId(id));
  await writeAuditLog(tx, act, {
    action: 'order.give_back',
    subject: orderWorkflowId(orderId),
    before: { status: order.status },
    after: { refundId: refund.id },
  });
  return refund;
}
