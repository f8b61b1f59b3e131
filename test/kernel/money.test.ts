import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assertAmountMinor,
  divideProportionally,
  formatMoney,
  MAX_AMOUNT_MINOR,
  platformFeeMinor,
  proportionMinor,
  sumMinor,
} from '../../domain/kernel/money.ts';
import { byCodeUnit } from './sorting.ts';

const amounts = fc.oneof(
  fc.integer({ min: 0, max: 10 }),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.maxSafeInteger().map(Math.abs),
);

/** Parts of which something is left, whose sum is still exact. */
const weights = fc
  .uniqueArray(fc.tuple(fc.uuid(), amounts), { minLength: 1, maxLength: 12, selector: ([id]) => id })
  .map((parts) => {
    let roomMinor = MAX_AMOUNT_MINOR;
    return parts.map(([id, wanted]) => {
      const leftMinor = Math.min(wanted, roomMinor);
      roomMinor -= leftMinor;
      return { id, leftMinor };
    });
  });

const divisions = weights.chain((parts) => {
  const totalMinor = sumMinor(parts.map((part) => part.leftMinor));
  return fc.record({
    parts: fc.constant(parts),
    amountMinor: fc.oneof(fc.constant(totalMinor), fc.nat({ max: totalMinor })),
  });
});

describe('dividing in proportion', () => {
  test('adds up exactly, with no part negative or above what is left', () => {
    fc.assert(
      fc.property(divisions, ({ parts, amountMinor }) => {
        const divided = divideProportionally(amountMinor, parts);
        expect(sumMinor(divided.values())).toBe(amountMinor);
        for (const { id, leftMinor } of parts) {
          const part = divided.get(id);
          expect(part).toBeGreaterThanOrEqual(0);
          expect(part).toBeLessThanOrEqual(leftMinor);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('is off its exact quota by less than one minor unit', () => {
    fc.assert(
      fc.property(divisions, ({ parts, amountMinor }) => {
        const total = BigInt(sumMinor(parts.map((part) => part.leftMinor)));
        const divided = divideProportionally(amountMinor, parts);
        for (const { id, leftMinor } of parts) {
          const off = BigInt(divided.get(id) ?? 0) * total - BigInt(amountMinor) * BigInt(leftMinor);
          expect(off < total || total === 0n).toBe(true);
          expect(-off < total || total === 0n).toBe(true);
        }
      }),
    );
  });

  test('the last division takes all, however the earlier ones went', () => {
    fc.assert(
      fc.property(
        weights,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        (parts, cuts) => {
          let left = parts;
          for (const cut of cuts) {
            const amountMinor = Math.floor(sumMinor(left.map((part) => part.leftMinor)) * cut);
            const divided = divideProportionally(amountMinor, left);
            left = left.map(({ id, leftMinor }) => ({ id, leftMinor: leftMinor - (divided.get(id) ?? 0) }));
          }
          const last = divideProportionally(sumMinor(left.map((part) => part.leftMinor)), left);
          expect(left.every(({ id, leftMinor }) => last.get(id) === leftMinor)).toBe(true);
        },
      ),
    );
  });

  test('does not depend on the order in which the parts are given', () => {
    fc.assert(
      fc.property(divisions, ({ parts, amountMinor }) => {
        const forwards = divideProportionally(amountMinor, parts);
        const backwards = divideProportionally(amountMinor, parts.toReversed());
        expect([...forwards].toSorted(byCodeUnit)).toEqual([...backwards].toSorted(byCodeUnit));
      }),
    );
  });

  test.each([
    ['ties go to the smaller id', 1, { b: 5, a: 5 }, { b: 0, a: 1 }],
    ['the largest remainder gets the cent', 10, { a: 1, b: 1, c: 1, d: 8 }, { a: 1, b: 1, c: 1, d: 7 }],
    ['a third each, and the cent to the first', 100, { a: 100, b: 100, c: 100 }, { a: 34, b: 33, c: 33 }],
    ['what has nothing left gets nothing', 3, { a: 0, b: 3 }, { a: 0, b: 3 }],
    ['nothing is divided into nothings', 0, { a: 0, b: 7 }, { a: 0, b: 0 }],
  ] as const)('%s', (_, amountMinor, parts, expected) => {
    const given = Object.entries(parts).map(([id, leftMinor]) => ({ id, leftMinor }));
    expect(Object.fromEntries(divideProportionally(amountMinor, given))).toEqual(expected);
  });

  test('refuses more than is left, and less than nothing', () => {
    expect(() => divideProportionally(11, [{ id: 'a', leftMinor: 10 }])).toThrow(RangeError);
    expect(() => divideProportionally(-1, [{ id: 'a', leftMinor: 10 }])).toThrow(RangeError);
    expect(() => divideProportionally(1, [])).toThrow(RangeError);
  });
});

describe('the platform fee', () => {
  test.each([
    ['ten percent', 2_500, 1000, 250],
    ['half a minor unit is rounded up', 5, 1000, 1],
    ['less than half is not', 4, 1000, 0],
    ['nothing', 2_500, 0, 0],
    ['everything', 2_500, 10_000, 2_500],
    ['of the largest amount, exactly', MAX_AMOUNT_MINOR, 10_000, MAX_AMOUNT_MINOR],
  ])('%s', (_, amountMinor, feeBps, feeMinor) => {
    expect(platformFeeMinor(amountMinor, feeBps)).toBe(feeMinor);
  });

  test('is never negative nor above the amount', () => {
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 10_000 }), (amountMinor, feeBps) => {
        const feeMinor = platformFeeMinor(amountMinor, feeBps);
        expect(feeMinor).toBeGreaterThanOrEqual(0);
        expect(feeMinor).toBeLessThanOrEqual(amountMinor);
      }),
    );
  });
});

describe('a proportion of an amount', () => {
  test.each([
    [999, 1, 2, 500],
    [1_999, 1, 2, 1_000],
    [1_999, 10, 31, 645],
    [999, 10, 31, 322],
    [999, 0, 31, 0],
    [999, 31, 31, 999],
    [Number.MAX_SAFE_INTEGER, 31_535_999_999, 31_536_000_000, 9_007_199_254_455_375],
  ])('of %d, %d of %d: %d', (amountMinor, part, whole, minor) => {
    expect(proportionMinor(amountMinor, part, whole)).toBe(minor);
  });

  test.each([
    [-1, 1, 2],
    [1, -1, 2],
    [1, 3, 2],
    [1, 0, 0],
  ])('of %d, %d of %d is a defect', (amountMinor, part, whole) => {
    expect(() => proportionMinor(amountMinor, part, whole)).toThrow(RangeError);
  });
});

test('an amount that is no exact integer is refused', () => {
  for (const wrong of [0.5, Number.NaN, Infinity, MAX_AMOUNT_MINOR + 1]) {
    expect(() => assertAmountMinor(wrong, 'amount')).toThrow(RangeError);
    expect(() => sumMinor([wrong])).toThrow(RangeError);
    expect(() => platformFeeMinor(wrong, 1000)).toThrow(RangeError);
  }
  expect(() => sumMinor([MAX_AMOUNT_MINOR, 1])).toThrow(RangeError);
  expect(sumMinor([])).toBe(0);
});

describe('for people', () => {
  test.each([
    [1250, 'EUR', '12.50 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [0, 'EUR', '0.00 EUR'],
    [-1250, 'USD', '-12.50 USD'],
    [-5, 'USD', '-0.05 USD'],
    [1200, 'JPY', '1200 JPY'],
    [0, 'JPY', '0 JPY'],
    [-7, 'JPY', '-7 JPY'],
    [1234, 'KWD', '1.234 KWD'],
    [4, 'KWD', '0.004 KWD'],
    [MAX_AMOUNT_MINOR, 'EUR', '90071992547409.91 EUR'],
  ])('%i of %s', (amountMinor, currency, text) => {
    expect(formatMoney(amountMinor, currency)).toBe(text);
  });

  test('every digit survives, with 0, 2 and 3 decimals', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom('JPY', 'EUR', 'KWD'), (amountMinor, currency) => {
        const [number = ''] = formatMoney(amountMinor, currency).split(' ');
        expect(BigInt(number.replace('.', ''))).toBe(BigInt(amountMinor));
        expect(number.split('.')[1]?.length ?? 0).toBe({ JPY: 0, EUR: 2, KWD: 3 }[currency]);
      }),
    );
  });
});
