import { describe, expect, it } from 'vitest';
import {
  type ChangeableSubscription,
  decideChange,
  type WishedPrice,
} from '../../domain/subscriptions/index.ts';

const PRICES = {
  free: { planId: 'free', rank: 0, isFree: true, cycle: null, isOffered: true },
  creatorMonth: { planId: 'creator', rank: 1, isFree: false, cycle: 'monthly', isOffered: true },
  creatorYear: { planId: 'creator', rank: 1, isFree: false, cycle: 'yearly', isOffered: true },
  premiumMonth: { planId: 'premium', rank: 2, isFree: false, cycle: 'monthly', isOffered: true },
  premiumYear: { planId: 'premium', rank: 2, isFree: false, cycle: 'yearly', isOffered: true },
} as const satisfies Record<string, WishedPrice>;
type Price = keyof typeof PRICES;

const outcomeOf = (
  from: Price,
  to: Price,
  change: Partial<ChangeableSubscription> = {},
  wish: Partial<WishedPrice> = {},
) => {
  const { planId, rank, isFree, cycle } = PRICES[from];
  const quiet = {
    ...{ isCancelled: false, hasOpenInvoice: false, isPeriodOver: false },
    ...{ hasScheduledChange: false, hasCard: true },
  };
  const present = { planId, rank, isFree, cycle, status: 'active', ...quiet, ...change } as const;
  const decision = decideChange(present, { ...PRICES[to], ...wish });
  return 'when' in decision ? decision.when : decision.refusal.code;
};

describe('a wished change while active', () => {
  it.each([
    ['creatorMonth', 'creatorMonth', 'nothing_to_change'],
    ['creatorMonth', 'creatorYear', 'at_once'],
    ['creatorMonth', 'premiumMonth', 'at_once'],
    ['creatorMonth', 'premiumYear', 'at_once'],
    ['creatorMonth', 'free', 'cancel'],
    ['creatorYear', 'creatorYear', 'nothing_to_change'],
    ['creatorYear', 'creatorMonth', 'at_period_end'],
    ['creatorYear', 'premiumMonth', 'cycle_change_at_period_end'],
    ['creatorYear', 'premiumYear', 'at_once'],
    ['creatorYear', 'free', 'cancel'],
    ['premiumMonth', 'premiumMonth', 'nothing_to_change'],
    ['premiumMonth', 'premiumYear', 'at_once'],
    ['premiumMonth', 'creatorMonth', 'at_period_end'],
    ['premiumMonth', 'creatorYear', 'at_period_end'],
    ['premiumMonth', 'free', 'cancel'],
    ['premiumYear', 'premiumYear', 'nothing_to_change'],
    ['premiumYear', 'premiumMonth', 'at_period_end'],
    ['premiumYear', 'creatorMonth', 'at_period_end'],
    ['premiumYear', 'creatorYear', 'at_period_end'],
    ['premiumYear', 'free', 'cancel'],
    ['free', 'free', 'nothing_to_change'],
    ['free', 'creatorMonth', 'payment_method_required'],
  ] as const)('%s to %s: %s', (from, to, outcome) => {
    expect(outcomeOf(from, to)).toBe(outcome);
  });
});

describe('a wished change', () => {
  it.each(['creatorMonth', 'creatorYear', 'premiumYear'] as const)(
    'in a trial, to %s: waits for its end',
    (to) => {
      expect(outcomeOf('premiumMonth', to, { status: 'trialing' })).toBe('at_period_end');
    },
  );

  it('in a trial that was cancelled: refused, as while it ends with its period', () => {
    const cancelled = { status: 'trialing', isCancelled: true } as const;
    for (const to of ['creatorMonth', 'premiumYear', 'free'] as const)
      expect(outcomeOf('premiumMonth', to, cancelled)).toBe('subscription_canceling');
  });

  it('to the present price takes back what was scheduled, even where the plan is offered no more', () => {
    const scheduled = { hasScheduledChange: true };
    expect(outcomeOf('premiumMonth', 'premiumMonth', scheduled, { isOffered: false })).toBe('take_back');
  });

  it('the last wish counts: another downgrade and an upgrade replace what was scheduled', () => {
    const scheduled = { hasScheduledChange: true };
    expect(outcomeOf('premiumMonth', 'creatorYear', scheduled)).toBe('at_period_end');
    expect(outcomeOf('premiumMonth', 'premiumYear', scheduled)).toBe('at_once');
  });

  it('to a plan that is offered no more is refused', () => {
    expect(outcomeOf('creatorMonth', 'premiumMonth', {}, { isOffered: false })).toBe('plan_not_offered');
  });

  it('without a card: an upgrade is refused, a downgrade is not', () => {
    expect(outcomeOf('creatorMonth', 'premiumMonth', { hasCard: false })).toBe('payment_method_required');
    expect(outcomeOf('premiumMonth', 'creatorMonth', { hasCard: false })).toBe('at_period_end');
  });

  it('between a period and its renewal: an upgrade waits for that, a downgrade is what it renews to', () => {
    expect(outcomeOf('creatorMonth', 'premiumMonth', { isPeriodOver: true })).toBe('payment_pending');
    expect(outcomeOf('premiumMonth', 'creatorMonth', { isPeriodOver: true })).toBe('at_period_end');
  });

  it.each([
    ['past_due', {}, 'subscription_past_due'],
    ['canceling', {}, 'subscription_canceling'],
    ['pending_payment', {}, 'payment_pending'],
    ['active', { hasOpenInvoice: true }, 'payment_pending'],
    ['canceled', {}, 'subscription_not_found'],
    ['expired', {}, 'subscription_not_found'],
  ] as const)('while %s (%o): %s, up, down and back', (status, more, code) => {
    expect(outcomeOf('creatorMonth', 'premiumMonth', { status, ...more })).toBe(code);
    expect(outcomeOf('premiumMonth', 'creatorMonth', { status, ...more })).toBe(code);
    expect(outcomeOf('premiumMonth', 'premiumMonth', { status, ...more, hasScheduledChange: true })).toBe(
      code,
    );
  });

  it.each([
    ['past_due', 'cancel'],
    ['pending_payment', 'cancel'],
    ['trialing', 'cancel'],
    ['canceling', 'subscription_canceling'],
  ] as const)('while %s, to Free: %s', (status, outcome) => {
    expect(outcomeOf('creatorMonth', 'free', { status, hasOpenInvoice: true })).toBe(outcome);
  });
});
