import { z } from '@hono/zod-openapi';
import type { Standing } from '../../db/subscriptions/read/standing.ts';
import { SUBSCRIPTION_STATUSES } from '../../domain/subscriptions/subscription-machine.ts';
import { AmountMinor, Currency, Id, orNull, Time, time, timeOrNull } from '../kernel/index.ts';
import { BillingCycle, Features, showFeatures } from './plan-view.ts';

const ScheduledChange = z
  .object({
    plan_id: z.string(),
    billing_cycle: BillingCycle,
    amount: AmountMinor,
    currency: Currency,
    at: Time.nullable(),
  })
  .openapi('ScheduledChange');

const Card = z
  .object({ brand: z.string(), last4: z.string(), exp_month: z.int(), exp_year: z.int() })
  .openapi('Card');

export const Subscription = z
  .object({
    id: Id,
    plan_id: z.string().openapi({ example: 'creator' }),
    billing_cycle: BillingCycle,
    status: z.enum(SUBSCRIPTION_STATUSES),
    amount: AmountMinor.openapi({ description: 'The price of a period, in the minor unit of `currency`' }),
    currency: Currency,
    current_period_start: Time.nullable(),
    current_period_end: Time.nullable(),
    trial_end: Time.nullable(),
    cancel_at_period_end: z.boolean(),
    scheduled_change: orNull(ScheduledChange),
    payment_method: orNull(Card),
    features: Features.openapi({ description: 'What it gives now: Free’s features until it is paid' }),
    created_at: Time,
  })
  .openapi('Subscription');

export function showSubscription(standing: Standing): z.infer<typeof Subscription> {
  const { subscription, price, card, scheduled } = standing;
  const periodEnd = timeOrNull(subscription.currentPeriodEnd ?? subscription.trialEnd);
  return {
    id: subscription.id,
    plan_id: price.planId,
    billing_cycle: price.billingCycle,
    status: subscription.status,
    amount: price.amountMinor,
    currency: price.currency,
    current_period_start: timeOrNull(subscription.currentPeriodStart),
    current_period_end: timeOrNull(subscription.currentPeriodEnd),
    trial_end: timeOrNull(subscription.trialEnd),
    cancel_at_period_end: subscription.cancelRequestedAt !== null && subscription.endedAt === null,
    scheduled_change: scheduled && {
      plan_id: scheduled.planId,
      billing_cycle: scheduled.billingCycle,
      amount: scheduled.amountMinor,
      currency: scheduled.currency,
      at: periodEnd,
    },
    payment_method: card && {
      brand: card.brand,
      last4: card.last4,
      exp_month: card.expMonth,
      exp_year: card.expYear,
    },
    features: showFeatures(standing.features),
    created_at: time(subscription.createdAt),
  };
}
