import { orderWorkflowId, refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Refund } from '../refunds/schema.ts';
import type { Order } from './schema.ts';

// Written last in a transaction: two of one buyer, who had no mail yet, wait for each other's key to seal it under, and must not
// want each other's locks then.

/** The receipt of an order that is paid. `items`: how many products. */
export const tellOfOrder = (tx: Tx, { id, buyerId, totalMinor, currency }: Order, items: number) =>
  writeMail(tx, {
    userId: buyerId,
    kind: 'order_receipt',
    subject: orderWorkflowId(id),
    params: { order_id: id, amount: totalMinor, currency, items },
  });

/** How a refund goes on. Of money that no order took the buyer hears once it is back: nobody asked for that. */
export async function tellOfRefund(
  tx: Tx,
  kind: 'refund_asked' | 'refund_succeeded' | 'refund_failed',
  { id: orderId, buyerId }: Order,
  refund: Refund,
): Promise<void> {
  if (kind !== 'refund_succeeded' && refund.kind === 'payment_returned') return;
  const params = { order_id: orderId, amount: refund.amountMinor, currency: refund.currency };
  await writeMail(tx, { userId: buyerId, kind, subject: refundWorkflowId(refund.id), params });
}
