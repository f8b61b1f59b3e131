import { and, eq, gt, gte, inArray, isNull, sum } from 'drizzle-orm';
import type { Refusal } from '../../../domain/errors.ts';
import type { WishedChange } from '../../../domain/subscriptions/asked.ts';
import { realMs } from '../../../domain/subscriptions/billing-time.ts';
import { type ChangeQuote, quoteChange } from '../../../domain/subscriptions/proration.ts';
import type { BillingTerms } from '../../../domain/subscriptions/terms.ts';
import { decideChange } from '../../../domain/subscriptions/when-change.ts';
import type { Db, Tx } from '../../client.ts';
import { refunds } from '../../marketplace/index.ts';
import { chargeableCard } from '../chargeable-card.ts';
import { invoices } from '../invoices/schema.ts';
import { isFree, type PricedPlan, readPlan, readPrice, readPriceAt } from '../prices.ts';
import type { Subscription } from '../schema.ts';
import { type SubscriptionChange, subscriptionChanges } from './schema.ts';

/** A refund that was stamped before a preview may be committed after it, and was not seen by it. Real time. */
const COMMITTED_WITHIN_MS = 5_000;

/** What a wished change is, before anything is written. */
export type ReadChange =
  | { readonly refused: Refusal }
  | {
      readonly when: 'at_once';
      readonly present: PricedPlan;
      readonly wished: PricedPlan;
      /** The moment it is reckoned for: now, or that of the preview. */
      readonly quotedAt: Date;
      readonly quote: ChangeQuote;
    }
  | {
      readonly when: 'at_period_end' | 'cancel' | 'take_back';
      readonly present: PricedPlan;
      readonly wished: PricedPlan;
      readonly scheduled: SubscriptionChange | undefined;
    };

/** Decides a wish for another price, and quotes what is charged at once. To write it, the subscription must be locked. */
export async function readChange(
  db: Db | Tx,
  subscription: Subscription,
  wish: WishedChange,
  { now, terms }: { readonly now: Date; readonly terms: BillingTerms },
): Promise<ReadChange> {
  const present = await readPrice(db, subscription.priceId);
  const wished = await readWishedPrice(db, present, wish, now);
  if ('refused' in wished) return wished;
  const [scheduled, open, card] = await Promise.all([
    readScheduled(db, subscription.id),
    hasOpenInvoice(db, subscription.id),
    chargeableCard(db, subscription, terms.time),
  ]);
  const { currentPeriodStart, currentPeriodEnd } = subscription;
  const decision = decideChange(
    {
      ...standingOf(present),
      status: subscription.status,
      isCancelled: subscription.cancelRequestedAt !== null,
      hasOpenInvoice: open,
      isPeriodOver: currentPeriodEnd !== null && now >= currentPeriodEnd,
      hasScheduledChange: scheduled !== undefined,
      hasCard: card !== null,
    },
    { ...standingOf(wished), isOffered: wished.plan.offered },
  );
  if ('refusal' in decision) return { refused: decision.refusal };
  if (decision.when !== 'at_once') return { when: decision.when, present, wished, scheduled };

  if (wished.price.currency !== present.price.currency)
    return refusedAs('plan_not_offered', `${wished.plan.name} is not offered in ${present.price.currency}.`);
  if (await isBeingRefunded(db, subscription.id))
    return refusedAs('payment_pending', 'A refund of what you paid is under way.');
  if (currentPeriodStart === null || currentPeriodEnd === null)
    throw new Error(`subscription ${subscription.id} is active and has no period`);
  const quotedAt = wish.prorationAt === undefined ? now : new Date(wish.prorationAt);
  if (await isOutdated(db, subscription, { quotedAt, wished, now, terms }))
    return refusedAs(
      'preview_outdated',
      'The preview is too old, or something has changed since: ask for another.',
    );
  const quote = quoteChange({
    oldPriceMinor: present.price.amountMinor,
    newPriceMinor: wished.price.amountMinor,
    fromCycle: present.price.billingCycle,
    toCycle: wished.price.billingCycle,
    periodStartMs: currentPeriodStart.getTime(),
    periodEndMs: currentPeriodEnd.getTime(),
    atMs: quotedAt.getTime(),
    refundedMinor: await refundedMinor(db, subscription.id, currentPeriodStart),
    minChargeMinor: terms.minChargeMinor,
    currency: wished.price.currency,
  });
  return { when: 'at_once', present, wished, quotedAt, quote };
}

const standingOf = (priced: PricedPlan) => ({
  planId: priced.plan.id,
  rank: priced.plan.rank,
  isFree: isFree(priced),
  cycle: isFree(priced) ? null : priced.price.billingCycle,
});

const refusedAs = (code: Refusal['code'], detail: string) => ({ refused: { code, detail } });

/** Today's price of what is wished. The present plan and cycle is the price that the subscription keeps. */
async function readWishedPrice(
  db: Db | Tx,
  present: PricedPlan,
  { planId = present.plan.id, billingCycle }: WishedChange,
  now: Date,
): Promise<PricedPlan | { readonly refused: Refusal }> {
  const plan = await readPlan(db, planId);
  if (plan === undefined) return refusedAs('plan_not_found', `There is no plan ${planId}.`);
  const cycle = plan.rank === 0 ? 'monthly' : (billingCycle ?? present.price.billingCycle);
  if (planId === present.plan.id && cycle === present.price.billingCycle) return present;
  return (
    (await readPriceAt(db, planId, cycle, now)) ??
    refusedAs('plan_not_offered', `${plan.name} is not offered (${cycle}).`)
  );
}

/** The change that waits for the period's end. */
export async function readScheduled(
  db: Db | Tx,
  subscriptionId: string,
): Promise<SubscriptionChange | undefined> {
  const [scheduled] = await db
    .select()
    .from(subscriptionChanges)
    .where(
      and(
        eq(subscriptionChanges.subscriptionId, subscriptionId),
        eq(subscriptionChanges.status, 'scheduled'),
      ),
    );
  return scheduled;
}

async function hasOpenInvoice(db: Db | Tx, subscriptionId: string): Promise<boolean> {
  const [open] = await db
    .select({ id: invoices.id })
    .from(invoices)
    .where(and(eq(invoices.subscriptionId, subscriptionId), eq(invoices.status, 'open')));
  return open !== undefined;
}

/** While a refund is under way, neither the credit nor whether the subscription goes on is known. */
async function isBeingRefunded(db: Db | Tx, subscriptionId: string): Promise<boolean> {
  const [pending] = await db
    .select({ id: refunds.id })
    .from(refunds)
    .innerJoin(invoices, eq(invoices.id, refunds.invoiceId))
    .where(
      and(
        eq(invoices.subscriptionId, subscriptionId),
        eq(refunds.status, 'pending'),
        isNull(refunds.paymentId),
      ),
    )
    .limit(1);
  return pending !== undefined;
}

/** Whether its amount could differ from what a preview for this moment said, or the moment is none of this period. */
async function isOutdated(
  db: Db | Tx,
  { id, currentPeriodStart }: Subscription,
  {
    quotedAt,
    wished,
    now,
    terms,
  }: {
    readonly quotedAt: Date;
    readonly wished: PricedPlan;
    readonly now: Date;
    readonly terms: BillingTerms;
  },
): Promise<boolean> {
  const ageMs = now.getTime() - quotedAt.getTime();
  const isOfNow = ageMs >= 0 && ageMs <= terms.quoteTtlMs;
  if (!isOfNow || currentPeriodStart === null || quotedAt < currentPeriodStart) return true;
  if (wished.price.validFrom > quotedAt) return true;
  if (ageMs === 0) return false;
  const [paid, refunded] = await Promise.all([
    db
      .select({ id: invoices.id })
      .from(invoices)
      .where(and(eq(invoices.subscriptionId, id), gt(invoices.paidAt, quotedAt)))
      .limit(1),
    db
      .select({ id: refunds.id })
      .from(refunds)
      .innerJoin(invoices, eq(invoices.id, refunds.invoiceId))
      .where(
        and(
          eq(invoices.subscriptionId, id),
          eq(refunds.status, 'succeeded'),
          gt(refunds.succeededAt, new Date(realMs(terms.time, quotedAt.getTime()) - COMMITTED_WITHIN_MS)),
        ),
      )
      .limit(1),
  ]);
  return paid.length + refunded.length > 0;
}

/** What of the money for the present period went back. */
async function refundedMinor(db: Db | Tx, subscriptionId: string, periodStart: Date): Promise<number> {
  const [row] = await db
    .select({ minor: sum(invoices.refundedMinor).mapWith(Number) })
    .from(invoices)
    .where(
      and(
        eq(invoices.subscriptionId, subscriptionId),
        gte(invoices.periodStart, periodStart),
        inArray(invoices.status, ['paid', 'partially_refunded', 'refunded']),
      ),
    );
  return row?.minor ?? 0;
}
