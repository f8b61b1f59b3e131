import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decidePayout, payableMinor, type PayingSeller } from '../../domain/payouts/eligibility.ts';

const POLICY = { minimumMinor: 100 };
const usd = (availableMinor: number, disputedMinor = 0) => ({
  currency: 'USD',
  availableMinor,
  disputedMinor,
});
const seller = (set: Partial<PayingSeller> = {}): PayingSeller => ({
  stripeAccountId: 'acct_x',
  payoutsEnabled: true,
  funds: [usd(9_000)],
  ...set,
});
const codeOf = (decision: ReturnType<typeof decidePayout>) =>
  'refusal' in decision ? decision.refusal.code : decision;

describe('a payout is', () => {
  test.each<[string, PayingSeller, Parameters<typeof decidePayout>[1], unknown]>([
    ['all that is available, unless told', seller(), {}, { amountMinor: 9_000, currency: 'USD' }],
    ['what was asked for', seller(), { amount: 100 }, { amountMinor: 100, currency: 'USD' }],
    [
      'less what is disputed',
      seller({ funds: [usd(9_000, 4_000)] }),
      {},
      { amountMinor: 5_000, currency: 'USD' },
    ],
    [
      'made where Stripe has not said that it cannot',
      seller({ payoutsEnabled: null }),
      {},
      { amountMinor: 9_000, currency: 'USD' },
    ],
    [
      'of the only currency with something in it',
      seller({ funds: [{ ...usd(0), currency: 'EUR' }, usd(700)] }),
      {},
      { amountMinor: 700, currency: 'USD' },
    ],
    ['refused without an account', seller({ stripeAccountId: null }), {}, 'seller_has_no_account'],
    ['refused by an account that may not', seller({ payoutsEnabled: false }), {}, 'seller_account_not_ready'],
    ['refused with nothing available', seller({ funds: [usd(0)] }), {}, 'nothing_available'],
    ['refused with no balance at all', seller({ funds: [] }), {}, 'nothing_available'],
    ['refused where all is disputed', seller({ funds: [usd(9_000, 9_500)] }), {}, 'nothing_available'],
    ['refused in a currency that is not there', seller(), { currency: 'EUR' }, 'nothing_available'],
    [
      'refused without a currency where there are two',
      seller({ funds: [usd(5), { ...usd(5), currency: 'EUR' }] }),
      {},
      'payout_currency_required',
    ],
    ['refused beyond what is available', seller(), { amount: 9_001 }, 'payout_amount_invalid'],
    [
      'refused beyond what is not disputed',
      seller({ funds: [usd(9_000, 1)] }),
      { amount: 9_000 },
      'payout_amount_invalid',
    ],
    ['refused below the minimum', seller(), { amount: 99 }, 'payout_below_minimum'],
    ['refused where all is below the minimum', seller({ funds: [usd(99)] }), {}, 'payout_below_minimum'],
  ])('%s', (_, from, ask, expected) => {
    expect(codeOf(decidePayout(from, ask, POLICY))).toEqual(expected);
  });
});

test('never more than is available and not disputed, never less than the minimum', () => {
  const minor = fc.nat(20_000);
  const funds = fc.record({ currency: fc.constant('USD'), availableMinor: minor, disputedMinor: minor });
  fc.assert(
    fc.property(funds, fc.option(minor, { nil: undefined }), (held, amount) => {
      const ask = amount === undefined ? {} : { amount };
      const decision = decidePayout(seller({ funds: [held] }), ask, POLICY);
      if ('refusal' in decision) return;
      expect(decision.amountMinor).toBeLessThanOrEqual(payableMinor(held));
      expect(decision.amountMinor).toBeGreaterThanOrEqual(POLICY.minimumMinor);
      if (amount !== undefined) expect(decision.amountMinor).toBe(amount);
    }),
  );
});
