/**
 * Billing time equals real time up to `startMs` and runs `scale` times as fast from then on. A scale of 1 is real time.
 * `billing_now()` of the database is the same function in SQL.
 */
export interface BillingTime {
  /** 1 or more. */
  readonly scale: number;
  /** Real milliseconds since the epoch. */
  readonly startMs: number;
}

/** The billing time, in milliseconds since the epoch, at a moment of real time. */
export function billingMs({ scale, startMs }: BillingTime, atRealMs: number): number {
  return atRealMs <= startMs ? atRealMs : startMs + Math.floor((atRealMs - startMs) * scale);
}

/** The first real millisecond at which it is a moment of billing time, or later. */
export function realMs({ scale, startMs }: BillingTime, atBillingMs: number): number {
  return atBillingMs <= startMs ? atBillingMs : startMs + Math.ceil((atBillingMs - startMs) / scale);
}

/** How long a timer waits in real milliseconds from one moment of billing time until another: never too short, never negative. */
export function realDelayMs(
  { scale, startMs }: BillingTime,
  fromBillingMs: number,
  untilBillingMs: number,
): number {
  if (untilBillingMs <= fromBillingMs) return 0;
  const beforeStartMs = Math.min(untilBillingMs, startMs) - Math.min(fromBillingMs, startMs);
  const scaledMs = Math.max(untilBillingMs, startMs) - Math.max(fromBillingMs, startMs);
  return beforeStartMs + Math.ceil(scaledMs / scale);
}
