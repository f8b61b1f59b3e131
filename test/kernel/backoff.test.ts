import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelayMs } from '../../domain/kernel/backoff.ts';

const MINUTE_MS = 60_000;

test('base 1 s, max 10 s, count 4 → 10 s', () => {
  expect(backoffDelayMs(4, { baseMs: 1_000, maxMs: 10_000 })).toBe(10_000);
});

test('a base of one minute: 1, 2, 4, 8, 16 minutes', () => {
  const policy = { baseMs: MINUTE_MS, maxMs: 60 * MINUTE_MS };
  expect([0, 1, 2, 3, 4].map((count) => backoffDelayMs(count, policy) / MINUTE_MS)).toEqual([1, 2, 4, 8, 16]);
});

test('doubles until it is capped, and never overflows', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 5_000 }),
      fc.integer({ min: 1, max: 1e6 }),
      fc.integer({ min: 1, max: 1e8 }),
      (count, baseMs, maxMs) => {
        const delayMs = backoffDelayMs(count, { baseMs, maxMs });
        const nextMs = backoffDelayMs(count + 1, { baseMs, maxMs });
        expect(delayMs).toBeLessThanOrEqual(maxMs);
        expect(nextMs).toBe(Math.min(delayMs * 2, maxMs));
      },
    ),
  );
});

test.each([-1, 0.5, Number.NaN])('a count of %s is a defect', (count) => {
  expect(() => backoffDelayMs(count, { baseMs: 1, maxMs: 1 })).toThrow(RangeError);
});
