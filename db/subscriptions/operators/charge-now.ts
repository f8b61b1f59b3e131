import { VezaError } from '../../../domain/errors.ts';
import type { BillingTime } from '../../../domain/subscriptions/billing-time.ts';
import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { lockLastAttempt, openAttempt } from '../attempts/open.ts';
import { readBillingClock } from '../billing-clock.ts';
import { chargeableCard } from '../chargeable-card.ts';
import type { Invoice, InvoicePayment } from '../invoices/schema.ts';
import { lockInvoice } from '../lock.ts';
import type { Subscription } from '../schema.ts';
import { transitionSubscription } from '../transition.ts';

export interface ChargedNow {
  readonly subscription: Subscription;
  readonly invoice: Invoice;
  readonly attempt: InvoicePayment;
  /** The PSP was asked for this one before: it is asked about it, and no other is made. */
  readonly isUnderWay: boolean;
}

/**
 * An operator wants what is past due charged to the card on file, whatever the dunning schedule says. While an attempt is
 * under way there is no other. Throws `invoice_not_found`, `invoice_not_payable` and `payment_method_required`.
 */
export async function chargeNow(
  tx: Tx,
  { invoiceId, ...act }: Act & { readonly invoiceId: string },
  time: BillingTime,
): Promise<ChargedNow> {
  const { subscription, invoice } = await lockNamed(tx, 'invoice', invoiceId, lockInvoice);
  if (invoice.status !== 'open')
    throw new VezaError(
      'invoice_not_payable',
      `The invoice is ${invoice.status}: nothing of it is to be paid.`,
    );
  const last = await lockLastAttempt(tx, invoiceId);
  const isUnderWay = last?.status === 'pending';
  const attempt = isUnderWay ? last : await openAnother(tx, subscription, invoice, time);
  await writeAuditLog(tx, act, {
    action: 'invoice.charge_now',
    subject: invoiceSubject(invoiceId),
    before: { attempt: last?.attempt ?? null, status: last?.status ?? null },
    after: { attempt: attempt.attempt, paymentId: attempt.id },
  });
  if (isUnderWay) return { subscription, invoice, attempt, isUnderWay };
  const nextDueAt = await readBillingClock(tx, time);
  const woken = await transitionSubscription(tx, subscription, subscription.status, { nextDueAt });
  return { subscription: woken, invoice, attempt, isUnderWay };
}

async function openAnother(
  tx: Tx,
  subscription: Subscription,
  invoice: Invoice,
  time: BillingTime,
): Promise<InvoicePayment> {
  const { status, paymentMethodId } = subscription;
  if (status !== 'past_due')
    throw new VezaError(
      'invoice_not_payable',
      `Its subscription is ${status}: it waits for its buyer, who pays it themselves.`,
    );
  if (paymentMethodId === null)
    throw new VezaError(
      'payment_method_required',
      'There is no card on file: its person gives one, or pays.',
    );
  if ((await chargeableCard(tx, subscription, time)) === null)
    throw new VezaError(
      'payment_method_required',
      'The bank said that this card must not be charged again, or has refused it too often: its person gives another, or pays.',
    );
  return openAttempt(tx, invoice, { onSession: false, paymentMethodId });
}
