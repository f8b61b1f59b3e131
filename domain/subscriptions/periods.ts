import type { BillingCycle } from './billing-cycle.ts';

/** Milliseconds since the epoch; the end belongs to the next period. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

const MONTHS: Readonly<Record<BillingCycle, number>> = { monthly: 1, yearly: 12 };

/**
 * Period `index` (0 is the first) in UTC. Both ends are reckoned from the anchor: from 31 January to 28 February to 31 March.
 * Throws a RangeError where the index is not a whole number from 0 on.
 */
export function periodOf(anchorMs: number, cycle: BillingCycle, index: number): Period {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`period ${index}`);
  return {
    startMs: monthsAfter(anchorMs, index * MONTHS[cycle]),
    endMs: monthsAfter(anchorMs, (index + 1) * MONTHS[cycle]),
  };
}

/** The same day and time some months later, or the month's last day where it has no such day. */
function monthsAfter(anchorMs: number, months: number): number {
  const anchor = new Date(anchorMs);
  const year = anchor.getUTCFullYear();
  const month = anchor.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const moved = new Date(anchorMs);
  moved.setUTCFullYear(year, month, Math.min(anchor.getUTCDate(), lastDay));
  return moved.getTime();
}

/** A period, and how it is reckoned. */
export interface ReckonedPeriod extends Period {
  readonly anchorMs: number;
  readonly index: number;
}

/**
 * The period that follows at `startMs`, perhaps by another cycle. The anchor stays where periods of the cycle from it meet that
 * moment, which all months do; a year that begins within a year of the anchor is reckoned from its own beginning.
 */
export function periodFrom(anchorMs: number, cycle: BillingCycle, startMs: number): ReckonedPeriod {
  const [anchor, start] = [new Date(anchorMs), new Date(startMs)];
  const months =
    (start.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + start.getUTCMonth() - anchor.getUTCMonth();
  const index = Math.floor(months / MONTHS[cycle]);
  if (index >= 0) {
    const period = periodOf(anchorMs, cycle, index);
    if (period.startMs === startMs) return { ...period, anchorMs, index };
  }
  return { ...periodOf(startMs, cycle, 0), anchorMs: startMs, index: 0 };
}
