import { and, eq } from 'drizzle-orm';
import type { PurchaseRef } from '../../../domain/marketplace/purchase.ts';
import type { Tx } from '../../client.ts';
import { type GiveBackWork, refundLabel } from '../labels.ts';
import { isOf } from '../purchase.ts';
import { refunds } from './schema.ts';

/** The give-back of its payment that is still open: a repeated attempt starts it again. */
export async function findGiveBack(tx: Tx, purchase: PurchaseRef): Promise<GiveBackWork | null> {
  const [refund] = await tx
    .select()
    .from(refunds)
    .where(and(isOf(refunds, purchase), eq(refunds.kind, 'payment_returned'), eq(refunds.status, 'pending')));
  return refund === undefined ? null : { refundId: refund.id, label: refundLabel(refund) };
}
