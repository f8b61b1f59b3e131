import { eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
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
  const outside = { providerRefundId, amountMinor, currency: order.capturedCurrency };
  return settleOutside(tx, purchase, 'external', outside);
}
