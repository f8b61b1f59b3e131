import { and, desc, eq, gt, isNull, lte, or } from 'drizzle-orm';
import type { BillingCycle } from '../../domain/subscriptions/billing-cycle.ts';
import type { Db, Tx } from '../client.ts';
import { type Plan, type PlanPrice, planPrices, plans } from './schema.ts';

/** A price with the plan that it is of. */
export interface PricedPlan {
  readonly plan: Plan;
  readonly price: PlanPrice;
}

/** Free is what has the lowest rank: nobody pays for it. */
export const isFree = ({ plan }: { readonly plan: Pick<Plan, 'rank'> }): boolean => plan.rank === 0;

export async function readPlan(db: Db | Tx, planId: string): Promise<Plan | undefined> {
  const [plan] = await db.select().from(plans).where(eq(plans.id, planId));
  return plan;
}

/** The price that a subscription, an invoice or a change names. */
export async function readPrice(db: Db | Tx, priceId: string): Promise<PricedPlan> {
  const [row] = await db
    .select({ plan: plans, price: planPrices })
    .from(planPrices)
    .innerJoin(plans, eq(plans.id, planPrices.planId))
    .where(eq(planPrices.id, priceId));
  if (row === undefined) throw new Error(`there is no price ${priceId}`);
  return row;
}

/** A plan's price at a moment of billing time; undefined where it has none of this cycle. */
export async function readPriceAt(
  db: Db | Tx,
  planId: string,
  cycle: BillingCycle,
  at: Date,
): Promise<PricedPlan | undefined> {
  const [row] = await db
    .select({ plan: plans, price: planPrices })
    .from(planPrices)
    .innerJoin(plans, eq(plans.id, planPrices.planId))
    .where(
      and(
        eq(planPrices.planId, planId),
        eq(planPrices.billingCycle, cycle),
        lte(planPrices.validFrom, at),
        or(isNull(planPrices.validUntil), gt(planPrices.validUntil, at)),
      ),
    )
    .orderBy(desc(planPrices.validFrom))
    .limit(1);
  return row;
}
