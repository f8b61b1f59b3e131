import { and, eq } from 'drizzle-orm';
import { invoiceSeries } from '../../../domain/subscriptions/numbers.ts';
import { periodPaid } from '../../../domain/subscriptions/paid-period.ts';
import type { ReckonedPeriod } from '../../../domain/subscriptions/periods.ts';
import { invoicePaid, ofInvoice } from '../../../domain/subscriptions/postings.ts';
import type { SubscriptionMail } from '../../../domain/subscriptions/mails.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import { users, writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { post } from '../../ledger/index.ts';
import { type SubscriptionChange, subscriptionChanges } from '../changes/schema.ts';
import { dropScheduledChange } from '../changes/drop-scheduled.ts';
import { transitionChange } from '../changes/transition.ts';
import type { LockedAttempt } from '../lock.ts';
import { type PricedPlan, readPrice } from '../prices.ts';
import type { PaymentMethod, Subscription } from '../schema.ts';
import { transitionSubscription } from '../transition.ts';
import type { Invoice } from './schema.ts';
import { openSchedule, takeRests } from './schedules.ts';
import { takeNumber } from './take-number.ts';
import { transitionInvoice } from './transition.ts';

export interface Paying {
  /** Billing time. */
  readonly now: Date;
  readonly terms: InvoiceTerms;
  /** Puts the card that it was paid with on file; absent where it cannot be charged later. */
  readonly keep?: (() => Promise<PaymentMethod | null>) | undefined;
}

/**
 * An open invoice takes the money of its attempt, in the transaction that settles it: number, period, change, card,
 * ledger, service owed, and the mails of it. All must be locked, and the money must be the invoice's to the cent.
 */
export async function payInvoice(
  tx: Tx,
  { subscription, invoice, attempt }: LockedAttempt,
  { now, terms, keep }: Paying,
): Promise<Subscription> {
  const priced = await readPrice(tx, invoice.priceId);
  const change = invoice.reason === 'change' ? await changeOf(tx, invoice.id) : undefined;
  const isNewCycle = change !== undefined && (await isOtherCycle(tx, subscription, priced));
  const period = periodPaid({
    reason: invoice.reason,
    status: subscription.status,
    cycle: priced.price.billingCycle,
    present: presentOf(subscription),
    trialEndMs: subscription.trialEnd?.getTime() ?? null,
    invoiced: periodOfInvoice(invoice),
    quotedAtMs: isNewCycle ? change.quotedAt.getTime() : null,
    nowMs: now.getTime(),
    graceMs: terms.renewalGraceMs,
  });
  // A change within the period pays for the rest of it alone.
  const isWhole = change === undefined || isNewCycle;
  const paidFor = isWhole ? asDates(period) : asDates(periodOfInvoice(invoice) ?? period);
  const movedMinor = isNewCycle ? await takeRests(tx, subscription.id, change.quotedAt) : 0;
  await openSchedule(tx, invoice, { ...paidFor, movedMinor });
  await post(
    tx,
    { kind: 'invoice_paid', currency: invoice.currency, ...ofInvoice(invoice.id) },
    invoicePaid(invoice.amountMinor, invoice.taxMinor),
  );
  // An upgrade ends the wish that waited for the period's end.
  if (change !== undefined) await dropScheduledChange(tx, subscription.id);
  if (change !== undefined) await transitionChange(tx, change, 'applied');
  const isChanged = change !== undefined || (await applyScheduled(tx, subscription.id, priced.price.id));
  const card = (await keep?.()) ?? null;
  const isCanceling = subscription.status === 'canceling';
  const paid = await transitionSubscription(tx, subscription, isCanceling ? 'canceling' : 'active', {
    priceId: invoice.priceId,
    anchorAt: new Date(period.anchorMs),
    periodIndex: period.index,
    currentPeriodStart: new Date(period.startMs),
    currentPeriodEnd: new Date(period.endMs),
    dunningSince: null,
    dunningIndex: 0,
    ...(card !== null && { paymentMethodId: card.id, cardBegunAt: attempt.createdAt }),
    // It has moved, or a change has made the move of no account.
    ...(invoice.priceId !== subscription.priceId && { movesToPriceId: null, movesPriceAfter: null }),
  });
  // A trial that was cancelled while its charge was in flight runs to the end of what is paid.
  const after =
    paid.cancelRequestedAt !== null && !isCanceling
      ? await transitionSubscription(tx, paid, 'canceling')
      : paid;
  const number = await takeNumber(tx, invoiceSeries(terms.invoiceSeries, now.getUTCFullYear()));
  const taken = await transitionInvoice(tx, invoice, 'paid', {
    number,
    periodStart: paidFor.start,
    periodEnd: paidFor.end,
    hyperswitchPaymentId: attempt.id,
    issuedTo: await issuedNow(tx, invoice),
    issuer: terms.invoiceIssuer,
    paidAt: now,
  });
  await writeMails(tx, subscription, taken, { priced, isChanged });
  return after;
}

async function changeOf(tx: Tx, invoiceId: string): Promise<SubscriptionChange> {
  const [change] = await tx
    .select()
    .from(subscriptionChanges)
    .where(eq(subscriptionChanges.invoiceId, invoiceId))
    .for('no key update');
  if (change === undefined) throw new Error(`invoice ${invoiceId} is of a change that is not there`);
  return change;
}

async function isOtherCycle(tx: Tx, { priceId }: Subscription, { price }: PricedPlan): Promise<boolean> {
  const present = await readPrice(tx, priceId);
  return present.price.billingCycle !== price.billingCycle;
}

/** The renewal has the price of the change that waited for it. Returns whether one did. */
async function applyScheduled(tx: Tx, subscriptionId: string, priceId: string): Promise<boolean> {
  const [scheduled] = await tx
    .select()
    .from(subscriptionChanges)
    .where(
      and(
        eq(subscriptionChanges.subscriptionId, subscriptionId),
        eq(subscriptionChanges.status, 'scheduled'),
        eq(subscriptionChanges.toPriceId, priceId),
      ),
    );
  if (scheduled !== undefined) await transitionChange(tx, scheduled, 'applied');
  return scheduled !== undefined;
}

function presentOf(subscription: Subscription): ReckonedPeriod | null {
  const { anchorAt, periodIndex, currentPeriodStart, currentPeriodEnd } = subscription;
  if (anchorAt === null || currentPeriodStart === null || currentPeriodEnd === null) return null;
  return {
    anchorMs: anchorAt.getTime(),
    index: periodIndex,
    startMs: currentPeriodStart.getTime(),
    endMs: currentPeriodEnd.getTime(),
  };
}

const periodOfInvoice = ({ periodStart, periodEnd }: Invoice) =>
  periodStart === null || periodEnd === null
    ? null
    : { startMs: periodStart.getTime(), endMs: periodEnd.getTime() };

const asDates = ({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }) => ({
  start: new Date(startMs),
  end: new Date(endMs),
});

/** Whom it is issued to stands as of its payment. */
async function issuedNow(tx: Tx, { issuedTo }: Invoice) {
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, issuedTo.userId));
  return { ...issuedTo, ...user };
}

/** What is told beside the receipt, by how the subscription stood. */
const TOLD = {
  pending_payment: 'subscription_started',
  trialing: 'subscription_started',
  past_due: 'subscription_recovered',
} as const satisfies Partial<Record<Subscription['status'], SubscriptionMail>>;

async function writeMails(
  tx: Tx,
  { userId, status }: Subscription,
  invoice: Invoice,
  { priced, isChanged }: { readonly priced: PricedPlan; readonly isChanged: boolean },
): Promise<void> {
  const { id, number, amountMinor, currency, periodStart, periodEnd } = invoice;
  const params = {
    invoice_id: id,
    number,
    amount: amountMinor,
    currency,
    plan: priced.plan.name,
    billing_cycle: priced.price.billingCycle,
    period_start: periodStart?.toISOString() ?? null,
    period_end: periodEnd?.toISOString() ?? null,
  };
  const mail = (kind: 'invoice_receipt' | 'subscription_changed' | (typeof TOLD)[keyof typeof TOLD]) =>
    writeMail(tx, { userId, kind, subject: `invoice/${id}`, params });
  await mail('invoice_receipt');
  if (status in TOLD) await mail(TOLD[status as keyof typeof TOLD]);
  if (isChanged) await mail('subscription_changed');
}
