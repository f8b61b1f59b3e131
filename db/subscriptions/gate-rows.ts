import { and, desc, eq } from 'drizzle-orm';
import {
  type GatedInvoice,
  type GatedSubscription,
  isPhantom,
  wasPaidUntil,
} from '../../domain/subscriptions/gate.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db, Tx } from '../client.ts';
import { invoicePayments, invoices } from './invoices/schema.ts';
import { isFree, readPrice } from './prices.ts';
import { type PlanFeatures, planPrices, type Subscription } from './schema.ts';

/** All that the gate decides by. */
export interface GateRows {
  readonly subscription: GatedSubscription & {
    readonly features: PlanFeatures;
    readonly hasPendingAttempt: boolean;
  };
  readonly invoices: readonly (GatedInvoice & { readonly id: string })[];
}

export async function readGateRows(db: Db | Tx, subscription: Subscription): Promise<GateRows> {
  const priced = await readPrice(db, subscription.priceId);
  const held = await db
    .select({
      id: invoices.id,
      status: invoices.status,
      planId: planPrices.planId,
      periodStart: invoices.periodStart,
      periodEnd: invoices.periodEnd,
      paymentId: invoices.hyperswitchPaymentId,
    })
    .from(invoices)
    .innerJoin(planPrices, eq(planPrices.id, invoices.priceId))
    .where(eq(invoices.subscriptionId, subscription.id))
    .orderBy(desc(invoices.createdAt));
  return {
    subscription: {
      status: subscription.status,
      planId: priced.plan.id,
      isFree: isFree(priced),
      trialEndMs: subscription.trialEnd?.getTime() ?? null,
      features: priced.plan.features,
      hasPendingAttempt: await hasPendingAttempt(db, subscription.id),
    },
    invoices: held.map(({ periodStart, periodEnd, ...invoice }) => ({
      ...invoice,
      periodStartMs: periodStart?.getTime() ?? null,
      periodEndMs: periodEnd?.getTime() ?? null,
    })),
  };
}

/** Whether an attempt of any of its invoices is under way. */
export async function hasPendingAttempt(db: Db | Tx, subscriptionId: string): Promise<boolean> {
  const [pending] = await db
    .select({ id: invoicePayments.id })
    .from(invoicePayments)
    .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
    .where(and(eq(invoices.subscriptionId, subscriptionId), eq(invoicePayments.status, 'pending')))
    .limit(1);
  return pending !== undefined;
}

/** When its period or trial ends; null where it has none. */
const periodEndOf = ({ status, trialEnd, currentPeriodEnd }: Subscription): Date | null =>
  status === 'trialing' ? trialEnd : currentPeriodEnd;

/**
 * Whether a subscription says that it is in force, without a payment that carries it. What is only late is no phantom:
 * its period or trial was paid for and is over, and its workflow charges or ends it, however late that is.
 */
export async function isPhantomRow(
  db: Db | Tx,
  subscription: Subscription,
  now: Date,
  { renewalGraceMs }: Pick<BillingTerms, 'renewalGraceMs'>,
): Promise<boolean> {
  const { subscription: gated, invoices: held } = await readGateRows(db, subscription);
  if (!isPhantom(gated, held, now.getTime(), renewalGraceMs)) return false;
  const end = periodEndOf(subscription);
  const isOnlyLate =
    subscription.nextDueAt !== null && end !== null && now >= end && wasPaidUntil(gated, held, end.getTime());
  return !isOnlyLate;
}

/** Whether the period of a locked subscription, which is over, was paid for to its end. */
export async function isPeriodPaid(tx: Tx, subscription: Subscription, periodEnd: Date): Promise<boolean> {
  const rows = await readGateRows(tx, subscription);
  return wasPaidUntil(rows.subscription, rows.invoices, periodEnd.getTime());
}
