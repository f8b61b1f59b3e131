/** Longer than this is a mistake or an attack, not advice. */
const RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000;

/** Reads `Retry-After` (seconds or an HTTP date, RFC 9110 §10.2.3) as milliseconds from now; undefined when unreadable. */
export function parseRetryAfterMs(header: string | null | undefined, nowMs = Date.now()): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(delayMs) ? undefined : Math.min(Math.max(delayMs, 0), RETRY_AFTER_MAX_MS);
}
