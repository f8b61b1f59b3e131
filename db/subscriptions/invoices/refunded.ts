import { and, eq, inArray } from 'drizzle-orm';
import { proportionMinor } from '../../../domain/kernel/index.ts';
import { creditNoteSeries } from '../../../domain/subscriptions/numbers.ts';
import {
  invoiceRefunded,
  type InvoiceRefundParts,
  invoiceRefundReturned,
  ofInvoiceRefund,
} from '../../../domain/subscriptions/postings.ts';
import { ENDED_SUBSCRIPTIONS } from '../../../domain/subscriptions/subscription-machine.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import type { TransitionCause } from '../../kernel/index.ts';
import { ledgerEntries, post } from '../../ledger/index.ts';
import type { Refund, SettledRefund, SubscriptionWork, TransferWork } from '../../marketplace/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { endSubscription } from '../end.ts';
import { tellExpired } from '../tell-expired.ts';
import { readGateRows } from '../gate-rows.ts';
import type { LockedInvoice } from '../lock.ts';
import { readPrice } from '../prices.ts';
import type { Subscription } from '../schema.ts';
import { transitionSubscription } from '../transition.ts';
import { endingInvoiceOf } from './ending-refund.ts';
import { giveToSchedule, recogniseRests, takeFromSchedules } from './schedules.ts';
import { creditNotes, type Invoice } from './schema.ts';
import { takeNumber } from './take-number.ts';
import { transitionInvoice } from './transition.ts';

/**
 * Books all that a refund's success changes, whoever made it: invoice, service owed, ledger, credit note, and whether
 * its subscription goes on. Both must be locked, the refund `succeeded` with its excess.
 */
export async function settleInvoiceRefund(
  tx: Tx,
  { subscription, invoice }: LockedInvoice,
  refund: Refund,
  terms: InvoiceTerms,
): Promise<SettledRefund> {
  const now = await readBillingClock(tx, terms.time);
  const takenMinor = refund.amountMinor - refund.excessMinor;
  const rows = await readGateRows(tx, subscription);
  const ending = endingInvoiceOf(subscription, rows, { now, terms });
  const taxMinor = taxWithin(invoice, takenMinor);
  const parts = await takeFromSchedules(tx, invoice, takenMinor - taxMinor);
  await post(
    tx,
    { kind: 'invoice_refunded', currency: refund.currency, ...ofInvoiceRefund(refund.id, invoice.id) },
    invoiceRefunded({ ...parts, taxMinor, excessMinor: refund.excessMinor }),
  );
  const refundedMinor = invoice.refundedMinor + takenMinor;
  const after = await transitionInvoice(tx, invoice, statusBy(invoice, refundedMinor), { refundedMinor });
  const isWhole = after.status === 'refunded';
  const endsAccess = isWhole || refund.endsAccess || refund.kind === 'dispute';
  const isLostMoney =
    refund.kind === 'dispute' && ending !== null && reachesIntoPresent(subscription, invoice);
  const isEnded = endsAccess && (ending?.id === invoice.id || isLostMoney);
  if (isEnded) {
    const reason = refund.kind === 'dispute' ? 'dispute_lost' : 'refunded';
    const expired = await endSubscription(tx, subscription, { to: 'expired', reason, now });
    // Its workflow has nothing more to wait for, and the sweep finds it if that is not told.
    await transitionSubscription(tx, expired, 'expired', { nextDueAt: now });
    await tellExpired(tx, subscription, reason);
  }
  await writeMail(tx, {
    userId: subscription.userId,
    kind: 'invoice_refunded',
    subject: `refund/${refund.id}`,
    params: {
      invoice_id: invoice.id,
      number: invoice.number,
      amount: refund.amountMinor,
      currency: refund.currency,
      reason: refund.kind,
    },
  });
  if (takenMinor > 0) {
    await tx.insert(creditNotes).values({
      number: await takeNumber(tx, creditNoteSeries(terms.invoiceSeries, now.getUTCFullYear())),
      invoiceId: invoice.id,
      refundId: refund.id,
      amountMinor: takenMinor,
      createdAt: now,
    });
  }
  const work = isEnded ? { ended: await workOf(tx, subscription) } : {};
  return { reversals: [], transfers: [], ...work };
}

/**
 * Whether an invoice's period reaches into the present one: that is its own, or was paid in part with the credit for its rest,
 * by an upgrade or a change to years.
 */
function reachesIntoPresent(
  { currentPeriodStart, currentPeriodEnd }: Subscription,
  { periodStart, periodEnd }: Invoice,
): boolean {
  if (currentPeriodStart === null || currentPeriodEnd === null) return false;
  if (periodStart === null || periodEnd === null) return false;
  return periodStart < currentPeriodEnd && currentPeriodStart < periodEnd;
}

async function workOf(tx: Tx, { id: subscriptionId, priceId }: Subscription): Promise<SubscriptionWork> {
  const { plan, price } = await readPrice(tx, priceId);
  const { amountMinor, currency } = price;
  return { subscriptionId, planId: plan.id, status: 'expired', amountMinor, currency };
}

/** The money of a succeeded refund is back: the invoice is what it was before. A dead subscription stays dead. */
export async function bringBackRefund(
  tx: Tx,
  { subscription, invoice }: LockedInvoice,
  refund: Refund,
  by: Exclude<TransitionCause, 'automation'>,
): Promise<TransferWork[]> {
  const parts = await partsTaken(tx, refund.id);
  await giveToSchedule(tx, invoice.id, parts);
  await post(
    tx,
    { kind: 'invoice_refund_returned', currency: refund.currency, ...ofInvoiceRefund(refund.id, invoice.id) },
    invoiceRefundReturned(parts),
  );
  const refundedMinor = invoice.refundedMinor - refund.amountMinor + refund.excessMinor;
  await transitionInvoice(tx, invoice, statusBy(invoice, refundedMinor), { refundedMinor }, by);
  const isDead = ENDED_SUBSCRIPTIONS.some((ended) => ended === subscription.status);
  if (isDead) await recogniseRests(tx, subscription.id);
  return [];
}

function statusBy({ amountMinor }: Invoice, refundedMinor: number) {
  if (refundedMinor === 0) return 'paid';
  return refundedMinor === amountMinor ? 'refunded' : 'partially_refunded';
}

/** The tax in what a refund takes: of all refunds together what of the invoice they gave back. Minor units. */
function taxWithin({ amountMinor, taxMinor, refundedMinor }: Invoice, takenMinor: number): number {
  const within = (minor: number) => proportionMinor(taxMinor, minor, amountMinor);
  return within(refundedMinor + takenMinor) - within(refundedMinor);
}

/** Where a refund's success took its money from, as the ledger has it. */
async function partsTaken(tx: Tx, refundId: string): Promise<InvoiceRefundParts> {
  const entries = await tx
    .select({ account: ledgerEntries.account, amountMinor: ledgerEntries.amountMinor })
    .from(ledgerEntries)
    .where(
      and(
        eq(ledgerEntries.ofKind, 'refund'),
        eq(ledgerEntries.ofId, refundId),
        inArray(ledgerEntries.kind, ['invoice_refunded']),
      ),
    );
  const of = (account: string) => entries.find((entry) => entry.account === account)?.amountMinor ?? 0;
  return {
    deferredMinor: of('platform:deferred'),
    revenueMinor: of('platform:revenue'),
    taxMinor: of('platform:tax'),
    excessMinor: of('platform:losses'),
  };
}
