// STRIPE_MAX_RPS over all workers, in two lanes that stay within it together (ADR 5).

/** The share for calls within a workflow task; the task queue has the rest. */
const DIRECT_SHARE = 0.5;

/** Calls a second of the direct lane: first attempts of reversals, and the backfill. */
export const directCallsPerSecond = (stripeMaxRps: number): number =>
  Math.max(stripeMaxRps * DIRECT_SHARE, 1);

/** Activities a second of the task queue for Stripe. */
export const queuedCallsPerSecond = (stripeMaxRps: number): number =>
  Math.max(stripeMaxRps * (1 - DIRECT_SHARE), 1);
