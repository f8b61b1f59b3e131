import { and, eq } from 'drizzle-orm';
import { refundWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { PaymentRef } from '../../../domain/marketplace/purchase.ts';
import type { Tx } from '../../client.ts';
import { clearFlags } from '../../kernel/index.ts';
import { isOfPayment } from '../purchase.ts';
import { refunds } from './schema.ts';

/** Nothing of a payment is held any more, or a later give-back says so: nobody need try an earlier one again. */
export async function clearFailedGiveBacks(tx: Tx, payment: PaymentRef): Promise<void> {
  const tried = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(isOfPayment(refunds, payment), eq(refunds.kind, 'payment_returned')));
  for (const { id } of tried) await clearFlags(tx, 'give_back_failed', refundWorkflowId(id));
}
