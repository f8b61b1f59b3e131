import { and, eq } from 'drizzle-orm';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import { clearFlags } from '../../kernel/index.ts';
import { findUnstarted } from '../find-unstarted.ts';
import type { SettledRefund } from '../labels.ts';
import type { Purchase } from '../purchase.ts';
import { settleOutside } from '../refunds/record-external-refund.ts';
import { refunds } from '../refunds/schema.ts';
import type { Order } from './schema.ts';

/**
 * The PSP cancelled a payment that it had captured: the buyer has back whatever was left of it. Null where nothing was left.
 * `purchase`: the same order, locked.
 */
export async function settleCancelledCapture(
  tx: Tx,
  order: Order,
  purchase: Purchase,
): Promise<SettledRefund | null> {
  const amountMinor = (order.capturedMinor ?? 0) - order.refundedMinor;
  const providerRefundId = `cancelled:${order.paymentId}`;
  const [known] = await tx.select().from(refunds).where(eq(refunds.hyperswitchRefundId, providerRefundId));
  if (known) return findUnstarted(tx, [known.id]);
  if (amountMinor === 0 || order.capturedCurrency === null) return null;
  // A give-back of the same money that was refused: nobody need try it again.
  const refused = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(
      and(eq(refunds.orderId, order.id), eq(refunds.kind, 'payment_returned'), eq(refunds.status, 'failed')),
    );
  for (const { id } of refused) await clearFlags(tx, 'give_back_failed', refundWorkflowId(id));
  const outside = { providerRefundId, amountMinor, currency: order.capturedCurrency };
  return settleOutside(tx, purchase, 'external', outside);
}
