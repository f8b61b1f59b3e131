import { machineAllows, type Machine } from '../kernel/index.ts';

export const SUBSCRIPTION_STATUSES = [
  'pending_payment',
  'trialing',
  'active',
  'canceling',
  'past_due',
  'canceled',
  'expired',
] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

export const SUBSCRIPTION: Machine<SubscriptionStatus> = {
  name: 'subscription',
  statuses: SUBSCRIPTION_STATUSES,
  transitions: {
    pending_payment: ['active', 'canceled', 'expired'],
    trialing: ['active', 'past_due', 'canceled', 'expired'],
    // `canceled` is of Free alone, which is left or replaced.
    active: ['canceling', 'past_due', 'canceled', 'expired'],
    canceling: ['active', 'canceled', 'expired'],
    past_due: ['active', 'canceled', 'expired'],
    // Dead: no webhook revives them.
    canceled: [],
    expired: [],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(SUBSCRIPTION, from, to);

/** Dead subscriptions: a person may have any number of them, and one other. */
export const ENDED_SUBSCRIPTIONS = ['canceled', 'expired'] as const satisfies readonly SubscriptionStatus[];

/** A new subscription begins as one of these: a paid one waits for its payment. */
export const FIRST_SUBSCRIPTION_STATUSES = ['active', 'trialing', 'pending_payment'] as const;

export const CANCEL_CAUSES = ['person', 'dispute'] as const;

/** Why a subscription ended. */
export const END_REASONS = [
  'asked',
  'replaced',
  'unpaid',
  'trial_without_card',
  'trial_used',
  'dunning_over',
  'refunded',
  'dispute_lost',
  'disputed',
  'phantom',
  'ended_by_operator',
] as const;
export type EndReason = (typeof END_REASONS)[number];
