import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChangeToQuote, quoteChange } from '../../domain/subscriptions/index.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);

const upgrade: ChangeToQuote = {
  oldPriceMinor: 999,
  newPriceMinor: 1_999,
  fromCycle: 'monthly',
  toCycle: 'monthly',
  periodStartMs: START_MS,
  periodEndMs: START_MS + 31 * DAY_MS,
  atMs: START_MS + 15.5 * DAY_MS,
  refundedMinor: 0,
  minChargeMinor: 50,
  currency: 'USD',
};

const linesOf = (change: Partial<ChangeToQuote>) =>
  quoteChange({ ...upgrade, ...change }).lines.map((line) => [line.kind, line.amountMinor]);

describe('the quote of a change', () => {
  it('9.99 to 19.99, half left: 10.00 - 5.00 = 5.00', () => {
    expect(quoteChange(upgrade)).toEqual({
      lines: [
        { kind: 'plan', amountMinor: 1_000 },
        { kind: 'unused_credit', amountMinor: -500 },
      ],
      amountMinor: 500,
      currency: 'USD',
      periodStartMs: upgrade.atMs,
      periodEndMs: upgrade.periodEndMs,
    });
  });

  it('10 of 31 days left: 6.45 - 3.22 = 3.23', () => {
    const atMs = START_MS + 21 * DAY_MS;
    expect(linesOf({ atMs })).toEqual([
      ['plan', 645],
      ['unused_credit', -322],
    ]);
    expect(quoteChange({ ...upgrade, atMs }).amountMinor).toBe(323);
  });

  it('at the first millisecond: both whole prices', () => {
    expect(linesOf({ atMs: START_MS })).toEqual([
      ['plan', 1_999],
      ['unused_credit', -999],
    ]);
  });

  it('what of the period was refunded lowers the credit', () => {
    expect(linesOf({ refundedMinor: 200 })).toEqual([
      ['plan', 1_000],
      ['unused_credit', -300],
    ]);
  });

  it('the credit is not lowered below zero', () => {
    expect(linesOf({ refundedMinor: 501 })).toEqual([['plan', 1_000]]);
  });

  it('below the minimum: a line raises the sum to it', () => {
    const atMs = upgrade.periodEndMs - DAY_MS;
    expect(linesOf({ atMs })).toEqual([
      ['plan', 64],
      ['unused_credit', -32],
      ['minimum_charge', 18],
    ]);
    expect(quoteChange({ ...upgrade, atMs }).amountMinor).toBe(50);
  });

  it('to a plan that is cheaper than the kept price: the minimum, never less than nothing', () => {
    expect(quoteChange({ ...upgrade, newPriceMinor: 900 }).amountMinor).toBe(50);
  });

  it('to years: the whole price, and a year from the quote on', () => {
    const quote = quoteChange({ ...upgrade, toCycle: 'yearly', newPriceMinor: 9_990 });
    expect(quote.lines).toEqual([
      { kind: 'plan', amountMinor: 9_990 },
      { kind: 'unused_credit', amountMinor: -500 },
    ]);
    expect(quote.amountMinor).toBe(9_490);
    expect(quote.periodStartMs).toBe(upgrade.atMs);
    expect(new Date(quote.periodEndMs).toISOString()).toBe('2027-01-16T12:00:00.000Z');
  });

  it('from years to years: the rest of the paid year', () => {
    const year = { periodEndMs: START_MS + 365 * DAY_MS, atMs: START_MS + 182.5 * DAY_MS };
    const cycles = { fromCycle: 'yearly', toCycle: 'yearly' } as const;
    const quote = quoteChange({
      ...upgrade,
      ...year,
      ...cycles,
      oldPriceMinor: 9_990,
      newPriceMinor: 19_990,
    });
    expect([quote.amountMinor, quote.periodEndMs]).toEqual([9_995 - 4_995, year.periodEndMs]);
  });

  it.each([
    ['before the period', { atMs: START_MS - 1 }],
    ['after the period', { atMs: upgrade.periodEndMs + 1 }],
    ['from years to months', { fromCycle: 'yearly' }],
  ] as const)('%s is a defect', (_, change) => {
    expect(() => quoteChange({ ...upgrade, ...change })).toThrow(RangeError);
  });

  it('two upgrades of one period cost what one would, but for a cent of each rounding', () => {
    const moment = fc.integer({ min: START_MS, max: upgrade.periodEndMs });
    fc.assert(
      fc.property(moment, moment, fc.nat(50_000), fc.nat(50_000), fc.nat(50_000), (one, other, a, b, c) => {
        const [low = 0, middle = 0, high = 0] = [a, b, c].toSorted((x, y) => x - y);
        const [early, late] = [Math.min(one, other), Math.max(one, other)];
        const quoteFor = (oldPriceMinor: number, newPriceMinor: number, atMs: number) =>
          quoteChange({ ...upgrade, oldPriceMinor, newPriceMinor, atMs, minChargeMinor: 0 }).amountMinor;
        const left = (atMs: number) => (upgrade.periodEndMs - atMs) / (31 * DAY_MS);
        const exact = (middle - low) * left(early) + (high - middle) * left(late);
        expect(
          Math.abs(quoteFor(low, middle, early) + quoteFor(middle, high, late) - exact),
        ).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('the amount is the sum of its lines, and at least the minimum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: START_MS, max: upgrade.periodEndMs }),
        fc.nat(1_000_000),
        fc.nat(1_000_000),
        fc.nat(2_000),
        (atMs, oldPriceMinor, newPriceMinor, refundedMinor) => {
          const quote = quoteChange({ ...upgrade, atMs, oldPriceMinor, newPriceMinor, refundedMinor });
          expect(quote.lines.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(quote.amountMinor);
          expect(quote.amountMinor).toBeGreaterThanOrEqual(50);
          expect(quote.lines.some((line) => Object.is(line.amountMinor, -0))).toBe(false);
        },
      ),
    );
  });
});
