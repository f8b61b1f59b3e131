import { and, eq } from 'drizzle-orm';
import type { PaymentRef } from '../../../domain/marketplace/purchase.ts';
import type { Tx } from '../../client.ts';
import { type GiveBackWork, refundLabel } from '../labels.ts';
import { isOfPayment } from '../purchase.ts';
import { refunds } from './schema.ts';

/** The give-back of a payment that is still open: a repeated attempt starts it again. */
export async function findGiveBack(tx: Tx, payment: PaymentRef): Promise<GiveBackWork | null> {
  const [refund] = await tx
    .select()
    .from(refunds)
    .where(
      and(isOfPayment(refunds, payment), eq(refunds.kind, 'payment_returned'), eq(refunds.status, 'pending')),
    );
  return refund === undefined ? null : { refundId: refund.id, label: refundLabel(refund) };
}
