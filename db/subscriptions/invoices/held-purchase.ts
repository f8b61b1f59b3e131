import { and, eq, sql } from 'drizzle-orm';
import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import { invoicePaymentReturned, ofInvoiceRefund } from '../../../domain/subscriptions/postings.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import type { Tx } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import {
  clearFailedGiveBacks,
  isOfPayment,
  NotReturnable,
  type Purchase,
  type Refund,
  refunds,
  settleOutside,
} from '../../marketplace/index.ts';
import { takeCaptured } from '../attempts/take.ts';
import { transitionAttempt } from '../attempts/transition.ts';
import { readBillingClock } from '../billing-clock.ts';
import type { LockedAttempt } from '../lock.ts';

/**
 * An invoice that is locked, by an attempt whose money it did not take: that is held for its payer, and nothing that
 * becomes of it moves the invoice or its subscription. `lockAgain` locks it anew: it may have been taken meanwhile.
 */
export async function heldPurchase(
  tx: Tx,
  locked: LockedAttempt,
  terms: InvoiceTerms,
  lockAgain: () => Promise<Purchase>,
): Promise<Purchase> {
  const { invoice, attempt } = locked;
  const payment = { kind: 'invoice', id: invoice.id, paymentId: attempt.id } as const;
  const refundedMinor = await sentBackMinor(tx, payment);
  const heldMinor = (attempt.receivedMinor ?? 0) - refundedMinor;
  const purchase: Purchase = {
    ...payment,
    title: `Invoice ${invoice.id}`,
    workflowId: invoiceSubject(invoice.id),
    status: invoice.status,
    currency: attempt.currency,
    capturedMinor: attempt.receivedMinor,
    capturedCurrency: attempt.receivedCurrency,
    refundedMinor,
    isSuspended: true,
    isUnpaid: attempt.receivedMinor === null,
    hasOpenRefund: false,
    decideRefund: async () => ({
      refusal: {
        code: 'invoice_not_refundable',
        detail: 'The invoice never took this payment, which is given back by a refund of its own.',
      },
    }),
    refundOpened: async () => undefined,
    refundFailed: async () => undefined,
    hold: async (_tx, refund) => Math.max(refund.amountMinor - heldMinor, 0),
    holdAgain: async () => undefined,
    excessOf: async (_tx, _refund, done) => Math.max(done.amountMinor - heldMinor, 0),
    async settle(inner, refund) {
      const { amountMinor, excessMinor, currency } = refund;
      const of = ofInvoiceRefund(refund.id, invoice.id);
      await post(
        inner,
        { kind: 'invoice_payment_returned', currency, ...of },
        invoicePaymentReturned(amountMinor, excessMinor),
      );
      if (heldMinor - (amountMinor - excessMinor) > 0) return { reversals: [], transfers: [] };
      if (attempt.status === 'succeeded') await transitionAttempt(inner, attempt, 'given_back');
      await clearFailedGiveBacks(inner, payment);
      return { reversals: [], transfers: [] };
    },
    bringBack: (_tx, refund: Refund) =>
      Promise.reject(new NotReturnable(refund, 'The invoice never took this payment.')),
    async takeLate(inner, report, gone) {
      if (report.currency !== gone.currency) return null;
      const taken = await takeCaptured(inner, locked, report, {
        now: await readBillingClock(inner, terms.time),
        terms,
        goneMinor: gone.amountMinor,
      });
      return {
        purchase: await lockAgain(),
        work: taken.outcome === 'given_back' ? taken.work : null,
      };
    },
    async settleCancelled(inner) {
      if (heldMinor === 0 || attempt.receivedCurrency === null) return null;
      return settleOutside(inner, purchase, 'external', {
        providerRefundId: `cancelled:${attempt.id}`,
        amountMinor: heldMinor,
        currency: attempt.receivedCurrency,
      });
    },
    disputeSettled: async () => [],
  };
  return purchase;
}

interface HeldPayment {
  readonly kind: 'invoice';
  readonly id: string;
  readonly paymentId: string;
}

/** What of a held payment has gone back, in minor units. */
async function sentBackMinor(tx: Tx, payment: HeldPayment): Promise<number> {
  const [sum] = await tx
    .select({
      minor: sql<number>`coalesce(sum(${refunds.amountMinor} - ${refunds.excessMinor}), 0)`.mapWith(Number),
    })
    .from(refunds)
    .where(and(isOfPayment(refunds, payment), eq(refunds.status, 'succeeded')));
  return sum?.minor ?? 0;
}
