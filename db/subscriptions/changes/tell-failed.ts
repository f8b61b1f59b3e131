import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { lockLastAttempt } from '../attempts/open.ts';
import type { Invoice } from '../invoices/schema.ts';
import { readPrice } from '../prices.ts';
import type { Subscription } from '../schema.ts';

/**
 * Tells that a change has failed: its charge was refused, its time to be paid is over, or an operator, a refund or a dispute
 * ended it. Who cancels gives it up themself, and the mail of the cancellation is enough.
 */
export async function tellChangeFailed(
  tx: Tx,
  { userId }: Pick<Subscription, 'userId'>,
  invoice: Invoice,
): Promise<void> {
  const { plan } = await readPrice(tx, invoice.priceId);
  const last = await lockLastAttempt(tx, invoice.id);
  await writeMail(tx, {
    userId,
    kind: 'change_failed',
    subject: invoiceSubject(invoice.id),
    params: {
      plan: plan.name,
      invoice_id: invoice.id,
      amount: invoice.amountMinor,
      currency: invoice.currency,
      decline_code: last?.declineCode ?? null,
    },
  });
}
