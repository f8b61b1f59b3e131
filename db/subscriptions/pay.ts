import type { Tx } from '../client.ts';
import { attemptForBuyer } from './attempts/for-buyer.ts';
import { type Deed, type DeedTerms, refuse } from './deed.ts';
import type { Invoice } from './invoices/schema.ts';
import { lockOpenInvoice } from './invoices/void.ts';
import type { Subscription } from './schema.ts';
import { transitionSubscription } from './transition.ts';

/** The buyer pays the open invoice of a locked subscription themselves: a payment that waits for them. */
export async function payInvoice(
  tx: Tx,
  subscription: Subscription,
  { now, terms }: DeedTerms,
): Promise<Deed> {
  const invoice = await lockOpenInvoice(tx, subscription.id);
  // What was cancelled renews only by a charge that was under way.
  if (invoice === undefined || subscription.status === 'canceling')
    return refuse('invoice_not_payable', 'No invoice of yours waits for its payment.');
  if (now >= payableUntil(subscription, invoice, terms.paymentTimeoutMs))
    return refuse('invoice_not_payable', 'It is too late to pay this invoice.');
  const attemptId = await attemptForBuyer(tx, invoice);
  if (attemptId === null) return refuse('payment_pending', 'Your card is being charged for this invoice.');
  await transitionSubscription(tx, subscription, subscription.status, { nextDueAt: now });
  return { done: { invoiceId: invoice.id, attemptId } };
}

/** A first invoice and a change wait for some time, a change within its period; what is past due waits for dunning's end. */
function payableUntil(
  { currentPeriodEnd }: Subscription,
  { reason, createdAt }: Invoice,
  paymentTimeoutMs: number,
): Date {
  const timeout = new Date(createdAt.getTime() + paymentTimeoutMs);
  if (reason === 'first') return timeout;
  if (reason !== 'change') return new Date(8.64e15);
  return currentPeriodEnd !== null && currentPeriodEnd < timeout ? currentPeriodEnd : timeout;
}
