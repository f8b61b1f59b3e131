import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { billingMs, type BillingTime, realDelayMs, realMs } from '../../domain/subscriptions/index.ts';

const START_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

const times = fc.record({ scale: fc.integer({ min: 1, max: 100_000 }), startMs: fc.constant(START_MS) });
const moments = fc.integer({ min: START_MS - 400 * DAY_MS, max: START_MS + 400 * DAY_MS });

describe('billing time', () => {
  it('runs a thousand times as fast from its start on, and is real time until then', () => {
    const time: BillingTime = { scale: 1_000, startMs: START_MS };
    expect(billingMs(time, START_MS - 5)).toBe(START_MS - 5);
    expect(billingMs(time, START_MS)).toBe(START_MS);
    expect(billingMs(time, START_MS + 86_400)).toBe(START_MS + DAY_MS);
    expect(realMs(time, START_MS + DAY_MS)).toBe(START_MS + 86_400);
    expect(realDelayMs(time, START_MS - 5, START_MS + DAY_MS)).toBe(86_405);
  });

  it('is real time at a scale of 1', () => {
    fc.assert(
      fc.property(moments, moments, (from, until) => {
        const time: BillingTime = { scale: 1, startMs: START_MS };
        expect([billingMs(time, from), realMs(time, from)]).toEqual([from, from]);
        expect(realDelayMs(time, from, until)).toBe(Math.max(until - from, 0));
      }),
    );
  });

  it('is found back from real time, to the millisecond', () => {
    fc.assert(
      fc.property(times, moments, (time, real) => {
        expect(realMs(time, billingMs(time, real))).toBe(real);
      }),
    );
  });

  it('never lets a timer fire early, nor a whole millisecond late', () => {
    fc.assert(
      fc.property(times, moments, moments, (time, real, until) => {
        const delayMs = realDelayMs(time, billingMs(time, real), until);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(billingMs(time, real + delayMs)).toBeGreaterThanOrEqual(until);
        if (delayMs > 0) expect(billingMs(time, real + delayMs - 1)).toBeLessThan(until);
      }),
    );
  });
});
