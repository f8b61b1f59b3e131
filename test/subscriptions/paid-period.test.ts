import { describe, expect, it } from 'vitest';
import { type PaidFor, periodPaid } from '../../domain/subscriptions/paid-period.ts';

const DAY_MS = 86_400_000;
const at = (iso: string) => Date.parse(`${iso}Z`);

/** Monthly, anchored on 31 January; its renewal was due on 28 February, and is paid a minute later. */
const RENEWAL: PaidFor = {
  reason: 'renewal',
  status: 'active',
  cycle: 'monthly',
  present: {
    anchorMs: at('2026-01-31T12:00'),
    index: 0,
    startMs: at('2026-01-31T12:00'),
    endMs: at('2026-02-28T12:00'),
  },
  trialEndMs: null,
  invoiced: { startMs: at('2026-02-28T12:00'), endMs: at('2026-03-31T12:00') },
  quotedAtMs: null,
  nowMs: at('2026-02-28T12:01'),
  graceMs: 3 * DAY_MS,
};

const paid = (set: Partial<PaidFor>) => {
  const { anchorMs, index, startMs, endMs } = periodPaid({ ...RENEWAL, ...set });
  const told = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  return { anchor: told(anchorMs), index, start: told(startMs), end: told(endMs) };
};

const NEXT = { anchor: '2026-01-31T12:00', index: 1, start: '2026-02-28T12:00', end: '2026-03-31T12:00' };

describe('the period of a renewal', () => {
  it('follows the one before, reckoned from its anchor', () => {
    expect(paid({})).toEqual(NEXT);
  });

  it.each([
    ['active', '2026-03-03T11:59'],
    ['canceling', '2026-03-03T11:59'],
  ] as const)('that is paid within the grace while %s is the same', (status, now) => {
    expect(paid({ status, nowMs: at(now) })).toEqual(NEXT);
  });

  it.each(['active', 'canceling'] as const)(
    'that is paid beyond the grace while %s begins with the payment: days without access are not sold',
    (status) => {
      expect(paid({ status, nowMs: at('2026-03-03T12:00') })).toEqual({
        ...{ anchor: '2026-03-03T12:00', index: 0, start: '2026-03-03T12:00', end: '2026-04-03T12:00' },
      });
    },
  );

  it('that is paid beyond the grace has the cycle of its price', () => {
    expect(paid({ cycle: 'yearly', nowMs: at('2026-03-10T00:00') })).toMatchObject({
      start: '2026-03-10T00:00',
      end: '2027-03-10T00:00',
    });
  });

  it('that was refused begins with the payment, also within the grace', () => {
    expect(paid({ status: 'past_due', nowMs: at('2026-03-01T00:00') })).toMatchObject({
      anchor: '2026-03-01T00:00',
      end: '2026-04-01T00:00',
    });
  });
});

describe('the period after a trial', () => {
  const TRIAL = {
    reason: 'trial_end',
    status: 'trialing',
    present: null,
    invoiced: null,
    trialEndMs: at('2026-02-01T00:00'),
  } as const;

  it('begins at its end', () => {
    expect(paid({ ...TRIAL, nowMs: at('2026-02-03T23:59') })).toMatchObject({
      anchor: '2026-02-01T00:00',
      end: '2026-03-01T00:00',
    });
  });

  it('that is paid beyond the grace begins with the payment', () => {
    expect(paid({ ...TRIAL, nowMs: at('2026-02-04T00:00') })).toMatchObject({
      anchor: '2026-02-04T00:00',
      end: '2026-03-04T00:00',
    });
  });
});

it('what no row says is a defect', () => {
  expect(() => paid({ present: null })).toThrow('nothing says which period');
});
