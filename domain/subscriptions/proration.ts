import { proportionMinor, sumMinor } from '../kernel/index.ts';
import type { BillingCycle } from './billing-cycle.ts';
import { periodOf } from './periods.ts';

/** A change of price that is charged at once. */
export interface ChangeToQuote {
  /** The whole price of the present period, never what was last charged for it. */
  readonly oldPriceMinor: number;
  /** The whole price of a period of the wished cycle. */
  readonly newPriceMinor: number;
  readonly fromCycle: BillingCycle;
  readonly toCycle: BillingCycle;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** When it is quoted: within the period. */
  readonly atMs: number;
  /** What of the present period was refunded. */
  readonly refundedMinor: number;
  /** The least that the provider charges. */
  readonly minChargeMinor: number;
  readonly currency: string;
}

export interface QuoteLine {
  readonly kind: 'plan' | 'unused_credit' | 'minimum_charge';
  /** Negative where it is a credit. */
  readonly amountMinor: number;
}

export interface ChangeQuote {
  readonly lines: readonly QuoteLine[];
  /** The sum of the lines: at least the minimum charge. */
  readonly amountMinor: number;
  readonly currency: string;
  /** What is paid for: the rest of the period, or a year from the quote on. */
  readonly periodStartMs: number;
  readonly periodEndMs: number;
}

/**
 * Quotes an upgrade, or a change from months to years. Throws a RangeError outside the period, and for a change from years
 * to months, which is never charged at once.
 */
export function quoteChange(change: ChangeToQuote): ChangeQuote {
  const { fromCycle, toCycle, atMs, periodStartMs, periodEndMs } = change;
  if (fromCycle === 'yearly' && toCycle === 'monthly')
    throw new RangeError('a change from years to months has no quote');
  const leftMs = periodEndMs - atMs;
  const lengthMs = periodEndMs - periodStartMs;
  const toYears = fromCycle !== toCycle;
  const planMinor = toYears ? change.newPriceMinor : proportionMinor(change.newPriceMinor, leftMs, lengthMs);
  const unusedMinor = proportionMinor(change.oldPriceMinor, leftMs, lengthMs);
  const creditMinor = Math.max(unusedMinor - change.refundedMinor, 0);
  const missingMinor = Math.max(change.minChargeMinor - (planMinor - creditMinor), 0);
  const lines: QuoteLine[] = [{ kind: 'plan', amountMinor: planMinor }];
  if (creditMinor > 0) lines.push({ kind: 'unused_credit', amountMinor: -creditMinor });
  if (missingMinor > 0) lines.push({ kind: 'minimum_charge', amountMinor: missingMinor });
  return {
    lines,
    amountMinor: sumMinor(lines.map((line) => line.amountMinor)),
    currency: change.currency,
    periodStartMs: atMs,
    periodEndMs: toYears ? periodOf(atMs, 'yearly', 0).endMs : periodEndMs,
  };
}
