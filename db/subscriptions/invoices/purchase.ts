import { and, eq, sql } from 'drizzle-orm';
import { isUuid } from '../../../domain/kernel/index.ts';
import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import { decideInvoiceRefund } from '../../../domain/subscriptions/invoice-refund.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import type { Tx } from '../../client.ts';
import { MissingRow } from '../../kernel/index.ts';
import {
  disputes,
  isOfPayment,
  type Purchase,
  type PurchaseStore,
  refunds,
  settleOutside,
} from '../../marketplace/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { tellChangeFailed } from '../changes/tell-failed.ts';
import { lockInvoice, type LockedInvoice } from '../lock.ts';
import type { Subscription } from '../schema.ts';
import { transitionSubscription } from '../transition.ts';
import { settleDisputeOf } from './disputed.ts';
import { hasEndingRefund } from './ending-refund.ts';
import { heldPurchase } from './held-purchase.ts';
import { bringBackRefund, settleInvoiceRefund } from './refunded.ts';
import { invoicePayments } from './schema.ts';
import { lockOpenInvoice, voidOpenInvoice } from './void.ts';

/** Invoices, for refunds and disputes: by the payment that one took, or by one that it could not take. */
export const invoiceStore = (terms: InvoiceTerms): PurchaseStore => ({
  notFound: 'invoice_not_found',
  lock: (tx, invoiceId, paymentId) => lockInvoicePurchase(tx, invoiceId, paymentId, terms),
  paymentId: (id) => sql`(SELECT own.hyperswitch_payment_id FROM invoices AS own WHERE own.id = ${id})`,
  payerId: (id) => sql`(SELECT payer.user_id FROM invoices AS own
    JOIN subscriptions AS payer ON payer.id = own.subscription_id WHERE own.id = ${id})`,
});

export async function lockInvoicePurchase(
  tx: Tx,
  invoiceId: string,
  paymentId: string | null,
  terms: InvoiceTerms,
): Promise<Purchase> {
  const locked = await lockInvoice(tx, invoiceId);
  if (paymentId === null || paymentId === locked.invoice.hyperswitchPaymentId)
    return paidPurchase(tx, locked, terms);
  const [attempt] = isUuid(paymentId)
    ? await tx
        .select()
        .from(invoicePayments)
        .where(and(eq(invoicePayments.invoiceId, invoiceId), eq(invoicePayments.id, paymentId)))
        .for('no key update')
    : [];
  if (attempt === undefined) throw new MissingRow('attempt', paymentId);
  const lockAgain = () => lockInvoicePurchase(tx, invoiceId, paymentId, terms);
  return heldPurchase(tx, { ...locked, attempt }, terms, lockAgain);
}

/** An invoice that is locked, by the payment that it took, if it took one. */
async function paidPurchase(tx: Tx, locked: LockedInvoice, terms: InvoiceTerms): Promise<Purchase> {
  const { subscription, invoice } = locked;
  const { id, status, currency, amountMinor, refundedMinor } = invoice;
  const capturedMinor = invoice.paidAt === null ? null : amountMinor;
  const leftMinor = (capturedMinor ?? 0) - refundedMinor;
  const own = { kind: 'invoice', id } as const;
  const hasOpenRefund = await isRefundOpen(tx, id);
  const purchase: Purchase = {
    ...own,
    paymentId: null,
    title: `Invoice ${id}`,
    workflowId: invoiceSubject(id),
    status,
    currency,
    capturedMinor,
    capturedCurrency: capturedMinor === null ? null : currency,
    refundedMinor,
    isSuspended: false,
    isUnpaid: false,
    hasOpenRefund,
    decideRefund: async (inner, ask) =>
      decideInvoiceRefund(
        {
          ...{ id, status, currency, amountMinor, refundedMinor },
          subscriberId: subscription.userId,
          refundOpen: hasOpenRefund,
          disputeOpen: await isDisputed(inner, id),
        },
        ask,
      ),
    // An invoice's status says what was given back, not what is being given back.
    refundOpened: (inner) => giveUpChange(inner, subscription, terms),
    refundFailed: async () => undefined,
    hold: async (_tx, refund) => Math.max(refund.amountMinor - leftMinor, 0),
    holdAgain: async () => undefined,
    excessOf: async (_tx, _refund, done) => Math.max(done.amountMinor - leftMinor, 0),
    settle: (inner, refund) => settleInvoiceRefund(inner, locked, refund, terms),
    bringBack: (inner, refund, by) => bringBackRefund(inner, locked, refund, by),
    takeLate: async () => null,
    async settleCancelled(inner) {
      if (leftMinor === 0) return null;
      const providerRefundId = `cancelled:${invoice.hyperswitchPaymentId}`;
      return settleOutside(inner, purchase, 'external', {
        providerRefundId,
        amountMinor: leftMinor,
        currency,
      });
    },
    disputeSettled: (inner, dispute) => settleDisputeOf(inner, locked, dispute, terms),
  };
  return purchase;
}

/**
 * A refund is under way that may end the subscription: a change of it that waits for its money is given up, as by a cancellation,
 * since its credit is for money that goes back.
 */
async function giveUpChange(tx: Tx, subscription: Subscription, terms: InvoiceTerms): Promise<void> {
  const open = await lockOpenInvoice(tx, subscription.id);
  if (open?.reason !== 'change') return;
  const now = await readBillingClock(tx, terms.time);
  if (!(await hasEndingRefund(tx, subscription, { now, terms }))) return;
  await voidOpenInvoice(tx, subscription.id);
  await tellChangeFailed(tx, subscription, open);
  // What is under way at the PSP is ended by its workflow.
  await transitionSubscription(tx, subscription, subscription.status, { nextDueAt: now });
}

async function isRefundOpen(tx: Tx, id: string): Promise<boolean> {
  const [open] = await tx
    .select({ id: refunds.id })
    .from(refunds)
    .where(and(isOfPayment(refunds, { kind: 'invoice', id }), eq(refunds.status, 'pending')))
    .limit(1);
  return open !== undefined;
}

async function isDisputed(tx: Tx, id: string): Promise<boolean> {
  const [open] = await tx
    .select({ id: disputes.id })
    .from(disputes)
    .where(and(isOfPayment(disputes, { kind: 'invoice', id }), eq(disputes.status, 'open')))
    .limit(1);
  return open !== undefined;
}
