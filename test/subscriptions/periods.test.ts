import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BILLING_CYCLES, periodOf } from '../../domain/subscriptions/index.ts';
import { LOADS_SOURCES } from '../harness/processes.ts';

const startsOf = (anchor: string, cycle: (typeof BILLING_CYCLES)[number], count: number) =>
  Array.from({ length: count }, (_, index) =>
    new Date(periodOf(Date.parse(anchor), cycle, index).startMs).toISOString(),
  );

describe('periods', () => {
  it('31 January: 28 February, 31 March, 30 April', () => {
    expect(startsOf('2026-01-31T10:15:00.250Z', 'monthly', 4)).toEqual([
      '2026-01-31T10:15:00.250Z',
      '2026-02-28T10:15:00.250Z',
      '2026-03-31T10:15:00.250Z',
      '2026-04-30T10:15:00.250Z',
    ]);
  });

  it('31 January in a leap year: 29 February; the year after: 28', () => {
    const starts = startsOf('2028-01-31T00:00:00.000Z', 'monthly', 14);
    expect([starts[1], starts[13]]).toEqual(['2028-02-29T00:00:00.000Z', '2029-02-28T00:00:00.000Z']);
  });

  it('29 February by the year: 28, and 29 in leap years', () => {
    expect(startsOf('2028-02-29T23:59:59.999Z', 'yearly', 5)).toEqual([
      '2028-02-29T23:59:59.999Z',
      '2029-02-28T23:59:59.999Z',
      '2030-02-28T23:59:59.999Z',
      '2031-02-28T23:59:59.999Z',
      '2032-02-29T23:59:59.999Z',
    ]);
  });

  it('DST nights: a period begins at the same time of day in UTC on both sides of them', () => {
    const inSpring = startsOf('2026-02-28T01:30:00.000Z', 'monthly', 3);
    const inAutumn = startsOf('2026-09-25T01:30:00.000Z', 'monthly', 3);
    expect([...inSpring, ...inAutumn].every((start) => start.endsWith('T01:30:00.000Z'))).toBe(true);
  });

  it('DST nights: they are the same where the machine lives in Berlin', async () => {
    const anchors = ['2026-02-28T01:30:00.000Z', '2026-03-29T00:30:00.000Z', '2026-10-25T00:30:00.000Z'];
    const code = `
      import { periodOf } from ${JSON.stringify(new URL('../../domain/subscriptions/periods.ts', import.meta.url).href)};
      const starts = ${JSON.stringify(anchors)}.map((anchor) => [0, 1, 2, 8].map((index) =>
        new Date(periodOf(Date.parse(anchor), 'monthly', index).startMs).toISOString()));
      console.log(JSON.stringify({ summerOffset: new Date('2026-07-01').getTimezoneOffset(), starts }));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...LOADS_SOURCES, '--input-type=module', '--eval', code],
      {
        env: { PATH: process.env['PATH'], TZ: 'Europe/Berlin' },
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
      },
    );
    const here = anchors.map((anchor) => {
      const starts = startsOf(anchor, 'monthly', 9);
      return [0, 1, 2, 8].map((index) => starts[index]);
    });
    expect(JSON.parse(stdout)).toEqual({ summerOffset: -120, starts: here });
  });

  it('touch, and never overlap', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
        fc.constantFrom(...BILLING_CYCLES),
        fc.nat(240),
        (anchor, cycle, index) => {
          const period = periodOf(anchor.getTime(), cycle, index);
          const next = periodOf(anchor.getTime(), cycle, index + 1);
          expect(period.endMs).toBeGreaterThan(period.startMs);
          expect(next.startMs).toBe(period.endMs);
          const months = (index + 1) * (cycle === 'yearly' ? 12 : 1);
          const end = new Date(period.endMs);
          expect((end.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + end.getUTCMonth()).toBe(
            anchor.getUTCMonth() + months,
          );
          expect(end.getUTCDate()).toBeLessThanOrEqual(anchor.getUTCDate());
        },
      ),
    );
  });

  it.each([-1, 0.5, Number.NaN])('a period %d is a defect', (index) => {
    expect(() => periodOf(0, 'monthly', index)).toThrow(RangeError);
  });
});
