import { proportionMinor } from '../kernel/index.ts';

/** What an invoice paid for in advance. Minor units, and milliseconds of billing time since the epoch. */
export interface RevenueSchedule {
  readonly amountMinor: number;
  /** What of it is revenue already. */
  readonly recognisedMinor: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** How much becomes revenue now, in minor units: what of the service was given and not recognised yet, at its end the rest. */
export function recognisableMinor(schedule: RevenueSchedule, nowMs: number): number {
  const { amountMinor, recognisedMinor, startsAtMs, endsAtMs } = schedule;
  if (nowMs >= endsAtMs) return Math.max(amountMinor - recognisedMinor, 0);
  if (nowMs <= startsAtMs) return 0;
  const earnedMinor = proportionMinor(amountMinor, nowMs - startsAtMs, endsAtMs - startsAtMs);
  return Math.max(earnedMinor - recognisedMinor, 0);
}
