import { and, asc, eq, gt, isNull, lte, or } from 'drizzle-orm';
import type { BillingTime } from '../../../domain/subscriptions/billing-time.ts';
import type { Db } from '../../client.ts';
import { billingNow } from '../billing-clock.ts';
import { type Plan, type PlanPrice, planPrices, plans } from '../schema.ts';

export interface OfferedPlan {
  readonly plan: Plan;
  /** Today's, by the month first. */
  readonly prices: readonly PlanPrice[];
}

/** Plans that may be subscribed to, by rank. */
export async function listPlans(db: Db, time: BillingTime): Promise<OfferedPlan[]> {
  const now = billingNow(time);
  const rows = await db
    .select({ plan: plans, price: planPrices })
    .from(plans)
    .innerJoin(
      planPrices,
      and(
        eq(planPrices.planId, plans.id),
        lte(planPrices.validFrom, now),
        or(isNull(planPrices.validUntil), gt(planPrices.validUntil, now)),
      ),
    )
    .where(eq(plans.offered, true))
    .orderBy(asc(plans.rank), asc(planPrices.billingCycle));
  const offered = new Map<string, { readonly plan: Plan; readonly prices: PlanPrice[] }>();
  for (const { plan, price } of rows) {
    const known = offered.get(plan.id);
    if (known === undefined) offered.set(plan.id, { plan, prices: [price] });
    else known.prices.push(price);
  }
  return [...offered.values()];
}
