import { and, desc, eq } from 'drizzle-orm';
import { type GatedInvoice, type GatedSubscription, isPhantom } from '../../domain/subscriptions/gate.ts';
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

/** Whether its period or trial is over, so that its workflow has something to do about it. */
export const isPeriodOver = ({ status, trialEnd, currentPeriodEnd }: Subscription, now: Date): boolean => {
  const end = status === 'trialing' ? trialEnd : currentPeriodEnd;
  return end !== null && now >= end;
};

/** Whether a locked subscription says that it is in force, without a payment that carries it. */
export async function isPhantomRow(
  tx: Tx,
  subscription: Subscription,
  now: Date,
  { renewalGraceMs }: Pick<BillingTerms, 'renewalGraceMs'>,
): Promise<boolean> {
  const rows = await readGateRows(tx, subscription);
  return isPhantom(rows.subscription, rows.invoices, now.getTime(), renewalGraceMs);
}
