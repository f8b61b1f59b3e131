export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The wait after a failed attempt: min(base · 2^retryCount, max), with the count as it was before this failure raised
 * it. With a base of one minute: 1, 2, 4, 8, 16 minutes.
 */
export function backoffDelayMs(retryCount: number, { baseMs, maxMs }: BackoffPolicy): number {
  if (!Number.isSafeInteger(retryCount) || retryCount < 0)
    throw new RangeError(`retryCount is ${retryCount}`);
  // For absurd counts 2^k overflows to Infinity, and min() brings it back to the cap.
  return Math.min(baseMs * 2 ** retryCount, maxMs);
}
