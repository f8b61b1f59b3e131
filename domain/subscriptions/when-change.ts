import type { Refusal } from '../errors.ts';
import type { BillingCycle } from './billing-cycle.ts';
import type { SubscriptionStatus } from './subscription-machine.ts';

/** All that the decision about a change needs to know of a subscription. */
export interface ChangeableSubscription {
  readonly status: SubscriptionStatus;
  readonly planId: string;
  readonly rank: number;
  readonly isFree: boolean;
  /** Null where there is nothing to pay. */
  readonly cycle: BillingCycle | null;
  /** Whether it ends with its period, or with its trial. */
  readonly isCancelled: boolean;
  /** Whether an invoice of it waits for its money. */
  readonly hasOpenInvoice: boolean;
  /** Whether its period is over, so that its renewal is due. */
  readonly isPeriodOver: boolean;
  /** Whether a change waits for the end of the period. */
  readonly hasScheduledChange: boolean;
  /** Whether a card can be charged without its holder. */
  readonly hasCard: boolean;
}

export interface WishedPrice {
  readonly planId: string;
  readonly rank: number;
  readonly isFree: boolean;
  readonly cycle: BillingCycle | null;
  readonly isOffered: boolean;
}

/** `cancel`: a wish for Free. `take_back`: a wish for the present price ends the scheduled change. */
export type ChangeDecision =
  | { readonly when: 'at_once' | 'at_period_end' | 'cancel' | 'take_back' }
  | { readonly refusal: Refusal };

/** Decides what a wish for another price is. The order of the checks is part of the contract. */
export function decideChange(present: ChangeableSubscription, wished: WishedPrice): ChangeDecision {
  if (present.status === 'canceled' || present.status === 'expired')
    return refuse('subscription_not_found', 'You have no subscription.');
  if (present.isFree)
    return wished.isFree
      ? refuse('nothing_to_change', 'You have this plan.')
      : refuse('payment_method_required', 'Free has no card that could be charged: subscribe to the plan.');
  if (present.status === 'canceling' || present.isCancelled)
    return refuse('subscription_canceling', 'It ends with its period: reactivate it first.');
  if (wished.isFree) return { when: 'cancel' };
  if (present.status === 'pending_payment')
    return refuse('payment_pending', 'Its first payment is not made: subscribe to the other price instead.');
  if (present.status === 'past_due')
    return refuse('subscription_past_due', 'Pay what is due first, or give another card.');
  if (present.hasOpenInvoice) return refuse('payment_pending', 'An invoice of it waits for its payment.');
  // Of the present plan it is the price that the subscription keeps, offered or not.
  if (wished.planId === present.planId && wished.cycle === present.cycle) {
    return present.hasScheduledChange
      ? { when: 'take_back' }
      : refuse('nothing_to_change', 'You have this plan and billing cycle.');
  }
  if (!wished.isOffered) return refuse('plan_not_offered', 'The plan is not offered any more.');
  return present.status === 'trialing' ? { when: 'at_period_end' } : whileActive(present, wished);
}

function whileActive(present: ChangeableSubscription, wished: WishedPrice): ChangeDecision {
  const toMonths = present.cycle === 'yearly' && wished.cycle === 'monthly';
  const toYears = present.cycle === 'monthly' && wished.cycle === 'yearly';
  if (wished.rank > present.rank && toMonths) {
    return refuse(
      'cycle_change_at_period_end',
      'A paid year is not given back in months: upgrade by the year first, and change the cycle after.',
    );
  }
  if (wished.rank < present.rank || (wished.rank === present.rank && !toYears))
    return { when: 'at_period_end' };
  if (present.isPeriodOver)
    return refuse('payment_pending', 'Its period is over: the renewal is charged first.');
  return present.hasCard
    ? { when: 'at_once' }
    : refuse('payment_method_required', 'The change is charged at once, and no card can be charged.');
}

const refuse = (code: Refusal['code'], detail: string): { readonly refusal: Refusal } => ({
  refusal: { code, detail },
});
