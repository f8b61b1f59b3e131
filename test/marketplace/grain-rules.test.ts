import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutMinor, grainMinor, payoutGrainMinor, planShare } from '../../domain/kernel/grain.ts';
import { formatMoney } from '../../domain/kernel/money.ts';

describe('the grain of amounts, as docs.stripe.com/currencies has it', () => {
  it.each([
    ['EUR', 1, 1],
    ['JPY', 1, 1],
    ['MGA', 1, 1],
    ['HUF', 1, 100],
    ['TWD', 1, 100],
    ['ISK', 100, 100],
    ['UGX', 100, 100],
    ...['BHD', 'JOD', 'KWD', 'OMR', 'TND'].map((currency) => [currency, 10, 10] as const),
  ] as const)('%s: %d, paid out by %d', (currency, grain, payoutGrain) => {
    expect([grainMinor(currency), payoutGrainMinor(currency)]).toEqual([grain, payoutGrain]);
  });

  it.each([
    [500, 'UGX', '5.00 UGX'],
    [500, 'MGA', '500 MGA'],
    [4_610, 'KWD', '4.610 KWD'],
  ])('%d %s is %s', (minor, currency, shown) => {
    expect(formatMoney(minor, currency)).toBe(shown);
  });

  it('cuts down, never up', () => {
    expect([4_617, 4_610, 9].map((minor) => cutMinor(minor, 10))).toEqual([4_610, 4_610, 0]);
  });
});

describe('a share of a refund', () => {
  const sources = { sentMinor: 0, unsentMinor: 0, isAsked: false, restMinor: 0 };

  it('of what was cut when it was sent: the whole transfer, and the rest that was kept', () => {
    expect(planShare(4_617, { ...sources, sentMinor: 4_610, restMinor: 7 }, 10)).toEqual({
      takenBackMinor: 4_610,
      unsentMinor: 0,
      restMinor: 7,
      owedMinor: 0,
    });
  });

  it('in part: the reversal takes more, and the difference stays the seller’s', () => {
    expect(planShare(1_234, { ...sources, sentMinor: 4_610, restMinor: 0 }, 10)).toEqual({
      takenBackMinor: 1_240,
      unsentMinor: 0,
      restMinor: -6,
      owedMinor: 0,
    });
  });

  it('whose rest has gone out with another transfer: the seller owes it', () => {
    expect(planShare(4_617, { ...sources, sentMinor: 4_610, restMinor: 2 }, 10)).toEqual({
      takenBackMinor: 4_610,
      unsentMinor: 0,
      restMinor: 2,
      owedMinor: 5,
    });
  });

  it('loses nothing, takes no more than is there, and asks Stripe for multiples of the grain alone', () => {
    const minor = fc.nat(100_000);
    const grains = fc.constantFrom(10, 100);
    fc.assert(
      fc.property(
        grains,
        minor,
        minor,
        minor,
        minor,
        fc.boolean(),
        (grain, share, sent, unsent, rest, isAsked) => {
          const sentMinor = cutMinor(sent, grain);
          const unsentMinor = isAsked ? cutMinor(unsent, grain) : unsent;
          const plan = planShare(share, { sentMinor, unsentMinor, isAsked, restMinor: rest % grain }, grain);
          const { takenBackMinor, restMinor, owedMinor } = plan;
          expect(takenBackMinor + plan.unsentMinor + restMinor + owedMinor).toBe(share);
          expect(takenBackMinor % grain).toBe(0);
          if (isAsked) expect(plan.unsentMinor % grain).toBe(0);
          expect(takenBackMinor).toBeLessThanOrEqual(sentMinor);
          expect(plan.unsentMinor).toBeLessThanOrEqual(unsentMinor);
          expect(restMinor).toBeLessThanOrEqual(rest % grain);
          expect(Math.min(takenBackMinor, plan.unsentMinor, owedMinor)).toBeGreaterThanOrEqual(0);
          expect(restMinor).toBeGreaterThan(-grain);
          if (owedMinor > 0) expect(takenBackMinor + plan.unsentMinor).toBe(sentMinor + unsentMinor);
        },
      ),
    );
  });
});
