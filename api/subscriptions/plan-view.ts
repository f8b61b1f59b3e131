import { z } from '@hono/zod-openapi';
import { isFree } from '../../db/subscriptions/prices.ts';
import type { OfferedPlan } from '../../db/subscriptions/read/plans.ts';
import type { Plan as PlanRow, PlanFeatures } from '../../db/subscriptions/schema.ts';
import { BILLING_CYCLES } from '../../domain/subscriptions/index.ts';
import { AmountMinor, Currency, ValidationError } from '../kernel/index.ts';

export const BillingCycle = z.enum(BILLING_CYCLES);
type BillingCycle = z.infer<typeof BillingCycle>;

/** Throws `validation_failed` for a yearly Free. */
export function assertCycle(plan: PlanRow, cycle: BillingCycle): void {
  if (!isFree({ plan }) || cycle === 'monthly') return;
  throw new ValidationError([{ field: 'billing_cycle', in: 'body', message: `${plan.name} has no years` }]);
}

export const Features = z
  .object({
    can_sell_on_marketplace: z.boolean(),
    can_distribute: z.boolean(),
    upload_quota_mb: z.int(),
  })
  .openapi('Features');

export const Plan = z
  .object({
    id: z.string().openapi({ example: 'creator' }),
    name: z.string(),
    rank: z.int().openapi({ description: 'A higher one is an upgrade; 0 is Free' }),
    trial_days: z.int().openapi({ description: '0: it has no trial' }),
    features: Features,
    prices: z
      .array(z.object({ billing_cycle: BillingCycle, amount: AmountMinor, currency: Currency }))
      .openapi({ description: 'Today’s. A subscription keeps the price that it began with' }),
  })
  .openapi('Plan');

export const showFeatures = (features: PlanFeatures): z.infer<typeof Features> => ({
  can_sell_on_marketplace: features.canSellOnMarketplace,
  can_distribute: features.canDistribute,
  upload_quota_mb: features.uploadQuotaMb,
});

export const showPlan = ({ plan, prices }: OfferedPlan): z.infer<typeof Plan> => ({
  id: plan.id,
  name: plan.name,
  rank: plan.rank,
  trial_days: plan.trialDays,
  features: showFeatures(plan.features),
  prices: prices.map(({ billingCycle, amountMinor, currency }) => ({
    billing_cycle: billingCycle,
    amount: amountMinor,
    currency,
  })),
});
