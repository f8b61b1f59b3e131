import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dunningStepsDue,
  dunningStepsOf,
  isDunningOver,
  nextDunningStepMs,
  recognisableMinor,
  renewalJitterMs,
} from '../../domain/subscriptions/index.ts';

const DAY_MS = 86_400_000;

describe('dunning', () => {
  const sinceMs = Date.UTC(2026, 2, 1);
  const scheduleMs = [DAY_MS, 3 * DAY_MS, 5 * DAY_MS];

  it('counts each step from the first refusal', () => {
    const days = dunningStepsOf(sinceMs, scheduleMs).map((atMs) => (atMs - sinceMs) / DAY_MS);
    expect(days).toEqual([1, 3, 5]);
  });

  it.each([
    [0, 1, false],
    [1, 3, false],
    [2, 5, false],
    [3, null, true],
    [4, null, true],
  ])('after %d steps: the next on day %s, over: %s', (done, day, over) => {
    expect(nextDunningStepMs(sinceMs, scheduleMs, done)).toBe(day === null ? null : sinceMs + day * DAY_MS);
    expect(isDunningOver(scheduleMs, done)).toBe(over);
  });

  it.each([
    [0, 0],
    [DAY_MS - 1, 0],
    [DAY_MS, 1],
    [4 * DAY_MS, 2],
    [40 * DAY_MS, 3],
  ])('%d ms later %d steps have come', (laterMs, due) => {
    expect(dunningStepsDue(sinceMs, scheduleMs, sinceMs + laterMs)).toBe(due);
  });
});

describe('the jitter of a renewal', () => {
  const MAX_MS = 600_000;
  const idOf = (n: number) => `0198a000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

  it('is fixed by the id, between nothing and the most', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat(MAX_MS), (id, maxMs) => {
        const jitterMs = renewalJitterMs(id, maxMs);
        expect(renewalJitterMs(id, maxMs)).toBe(jitterMs);
        expect(Number.isInteger(jitterMs) && jitterMs >= 0 && jitterMs <= maxMs).toBe(true);
      }),
    );
    expect(renewalJitterMs(idOf(1), 0)).toBe(0);
  });

  it('stays what it was: a stored time is found again', () => {
    expect(renewalJitterMs('a', 2 ** 32 - 1)).toBe(0xe40c292c);
    expect(renewalJitterMs('foobar', 2 ** 32 - 1)).toBe(0xbf9cf968);
  });

  it('spreads ids of one moment over the ten minutes', () => {
    const perMinute = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 10_000; n += 1) {
      const minute = Math.min(Math.floor(renewalJitterMs(idOf(n), MAX_MS) / 60_000), 9);
      perMinute[minute] = (perMinute[minute] ?? 0) + 1;
    }
    for (const count of perMinute) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe('revenue', () => {
  const startsAtMs = Date.UTC(2026, 0, 15);
  const endsAtMs = Date.UTC(2027, 0, 15);
  const year = { amountMinor: 9_990, recognisedMinor: 0, startsAtMs, endsAtMs };

  it.each([
    ['before its start', startsAtMs - 1, 0],
    ['at its start', startsAtMs, 0],
    ['after 17 of 365 days', Date.UTC(2026, 1, 1), 465],
    ['half way', startsAtMs + (endsAtMs - startsAtMs) / 2, 4_995],
    ['at its end', endsAtMs, 9_990],
    ['long after', endsAtMs + 400 * DAY_MS, 9_990],
  ])('%s: %d', (_, nowMs, minor) => {
    expect(recognisableMinor(year, nowMs)).toBe(minor);
  });

  it('the last takes the rest, and what was taken back is not recognised again', () => {
    expect(recognisableMinor({ ...year, recognisedMinor: 9_000 }, endsAtMs)).toBe(990);
    expect(recognisableMinor({ ...year, amountMinor: 100, recognisedMinor: 100 }, startsAtMs + DAY_MS)).toBe(
      0,
    );
    expect(recognisableMinor({ ...year, recognisedMinor: 5_000 }, startsAtMs + DAY_MS)).toBe(0);
  });

  it('in steps at any moments it is the amount, never more and never backwards', () => {
    const moments = fc.array(fc.integer({ min: startsAtMs - DAY_MS, max: endsAtMs + DAY_MS }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.nat(10_000_000), moments, (amountMinor, nows) => {
        let recognisedMinor = 0;
        for (const nowMs of [...nows.toSorted((a, b) => a - b), endsAtMs]) {
          const stepMinor = recognisableMinor({ ...year, amountMinor, recognisedMinor }, nowMs);
          expect(stepMinor).toBeGreaterThanOrEqual(0);
          recognisedMinor += stepMinor;
          expect(recognisedMinor).toBeLessThanOrEqual(amountMinor);
        }
        expect(recognisedMinor).toBe(amountMinor);
      }),
    );
  });
});
