import { and, eq, gt, inArray, notInArray, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { BillingTime } from '../../../domain/subscriptions/billing-time.ts';
import { featuresOf as featuresByPayment } from '../../../domain/subscriptions/features.ts';
import { type GatedInvoice, hasEffectivePayment, isPhantom } from '../../../domain/subscriptions/gate.ts';
import { ENDED_SUBSCRIPTIONS } from '../../../domain/subscriptions/subscription-machine.ts';
import type { Db, Tx } from '../../client.ts';
import { billingNow } from '../billing-clock.ts';
import { subscriptionChanges } from '../changes/schema.ts';
import { invoicePayments, invoices } from '../invoices/schema.ts';
import { isFree } from '../prices.ts';
import {
  type PaymentMethod,
  paymentMethods,
  type Plan,
  type PlanFeatures,
  type PlanPrice,
  planPrices,
  plans,
  type Subscription,
  subscriptions,
} from '../schema.ts';

/** What the gate needs to know besides rows. The grace is billing time. */
export interface GateTerms {
  readonly time: BillingTime;
  readonly renewalGraceMs: number;
}

/** A subscription and what it is worth now. */
export interface Standing {
  readonly subscription: Subscription;
  readonly plan: Plan;
  readonly price: PlanPrice;
  readonly card: PaymentMethod | null;
  /** The price that it has from the end of the period on, by its owner's wish. */
  readonly scheduled: PlanPrice | null;
  /** There is an effective payment, so the plan's features are given. */
  readonly isInForce: boolean;
  /** It says that it is in force and is not, and no payment is under way that may show otherwise. */
  readonly isPhantom: boolean;
  /** Those that it gives now. */
  readonly features: PlanFeatures;
  readonly hasPendingAttempt: boolean;
}

/** The live subscription of a person, or null where they have none. */
export async function readStanding(db: Db | Tx, userId: string, terms: GateTerms): Promise<Standing | null> {
  const live = and(
    eq(subscriptions.userId, userId),
    notInArray(subscriptions.status, [...ENDED_SUBSCRIPTIONS]),
  );
  const [standing] = await readStandings(db, live, terms);
  return standing ?? null;
}

/** These subscriptions, dead ones too, in no order. */
export const readStandingsOf = (db: Db, subscriptionIds: readonly string[], terms: GateTerms) =>
  subscriptionIds.length === 0
    ? Promise.resolve([])
    : readStandings(db, inArray(subscriptions.id, [...subscriptionIds]), terms);

const invoicePrices = alias(planPrices, 'invoice_prices');
const scheduledPrices = alias(planPrices, 'scheduled_prices');

/** In one statement, so that a payment that settles meanwhile is seen whole or not at all. */
async function readStandings(
  db: Db | Tx,
  which: SQL | undefined,
  { time, renewalGraceMs }: GateTerms,
): Promise<Standing[]> {
  const now = billingNow(time);
  const grace = sql`make_interval(secs => ${renewalGraceMs / 1000}::float8)`;
  const rows = await db
    .select({
      subscription: subscriptions,
      plan: plans,
      price: planPrices,
      card: paymentMethods,
      scheduled: scheduledPrices,
      invoice: {
        status: invoices.status,
        planId: invoicePrices.planId,
        periodStart: invoices.periodStart,
        periodEnd: invoices.periodEnd,
        paymentId: invoices.hyperswitchPaymentId,
      },
      hasPendingAttempt: sql<boolean>`EXISTS (SELECT FROM ${invoicePayments} AS attempt
        JOIN ${invoices} AS asked ON asked.id = attempt.invoice_id
        WHERE asked.subscription_id = ${subscriptions.id} AND attempt.status = 'pending')`,
      now: now.mapWith(subscriptions.createdAt),
    })
    .from(subscriptions)
    .innerJoin(planPrices, eq(planPrices.id, subscriptions.priceId))
    .innerJoin(plans, eq(plans.id, planPrices.planId))
    .leftJoin(paymentMethods, eq(paymentMethods.id, subscriptions.paymentMethodId))
    .leftJoin(
      subscriptionChanges,
      and(
        eq(subscriptionChanges.subscriptionId, subscriptions.id),
        eq(subscriptionChanges.status, 'scheduled'),
      ),
    )
    .leftJoin(scheduledPrices, eq(scheduledPrices.id, subscriptionChanges.toPriceId))
    .leftJoin(
      invoices,
      and(
        eq(invoices.subscriptionId, subscriptions.id),
        inArray(invoices.status, ['paid', 'partially_refunded']),
        gt(invoices.periodEnd, sql`${now} - ${grace}`),
      ),
    )
    .leftJoin(invoicePrices, eq(invoicePrices.id, invoices.priceId))
    .where(which);
  type Row = (typeof rows)[number];
  const byId = new Map<string, [Row, ...Row[]]>();
  for (const row of rows) {
    const known = byId.get(row.subscription.id);
    if (known === undefined) byId.set(row.subscription.id, [row]);
    else known.push(row);
  }

  return [...byId.values()].map((ofOne): Standing => {
    const [{ subscription, plan, price, card, scheduled, hasPendingAttempt, now: readAt }] = ofOne;
    const gated = {
      status: subscription.status,
      planId: plan.id,
      isFree: isFree({ plan }),
      trialEndMs: subscription.trialEnd?.getTime() ?? null,
      features: plan.features,
      hasPendingAttempt,
    };
    const paid = ofOne.flatMap(({ invoice: { status, planId, periodStart, periodEnd, paymentId } }) => {
      if (status === null || planId === null) return [];
      const [periodStartMs, periodEndMs] = [periodStart?.getTime() ?? null, periodEnd?.getTime() ?? null];
      return [{ status, planId, periodStartMs, periodEndMs, paymentId } satisfies GatedInvoice];
    });
    const at = [paid, readAt.getTime(), renewalGraceMs] as const;
    return {
      subscription,
      plan,
      price,
      card,
      scheduled,
      hasPendingAttempt,
      isInForce: hasEffectivePayment(gated, ...at),
      isPhantom: isPhantom(gated, ...at),
      features: featuresByPayment(gated, ...at),
    };
  });
}
