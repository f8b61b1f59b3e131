import Stripe from 'stripe';
import { parseRetryAfterMs } from '../retry-after.ts';
import type {
  StripeAlreadyReversed,
  StripeAmountExceedsLeft,
  StripeFailure,
  StripeNoSuchTransfer,
  StripeUnknown,
} from './outcomes.ts';

const INSUFFICIENT_FUNDS_CODES: ReadonlySet<string> = new Set(['balance_insufficient', 'insufficient_funds']);
const RATE_LIMIT_CODES: ReadonlySet<string> = new Set(['rate_limit', 'lock_timeout']);

/** Stripe's own error types for "your request is wrong"; anything else may come from something on the way. */
const REFUSAL_TYPES: ReadonlySet<string> = new Set(['invalid_request_error', 'card_error']);

/** 4xx that say "not now": they do not tell whether an earlier attempt was carried out. */
const UNKNOWN_STATUSES: ReadonlySet<number> = new Set([408, 409, 424, 425]);

// Stripe gives these two no code (stripe-ruby#1058), so only the message tells them. A miss only makes a harmless
// case noisier. "greater than" alone would also match the complaint about a zero amount.
const ALREADY_REVERSED = /already.*revers/i;
const AMOUNT_EXCEEDS_LEFT = /greater than.*(unreversed|unrefunded|remaining|left|(charge|transfer) amount)/i;

/**
 * Stripe's messages for an account that we cannot reach. "A similar object exists in test mode, but …" means a key of
 * the wrong mode, which is no account's fault.
 */
const ACCOUNT_GONE =
  /no such (destination|account): '?acct_|does not have access to account|account '?acct_\w+'? has been deleted/i;
const OTHER_MODE = /similar object exists/i;

export type ClassifiedError =
  | StripeFailure
  | StripeNoSuchTransfer
  | StripeAlreadyReversed
  | StripeAmountExceedsLeft;

/**
 * The one table of what Stripe's errors mean (SDK 23; docs/wire-stripe.md):
 *
 * | error | kind |
 * |----------------------------------------------------------------|-----------------------------------| | no answer,
 * unreadable answer, anything that is not Stripe's | unknown | | 5xx | unknown, stored where replayed | | 409,
 * `idempotency_key_in_use`, 408, 424, 425 | unknown | | 429, `rate_limit`, `lock_timeout` | rate_limited | | 403
 * `account_invalid`, 400/404 "No such destination: 'acct_…'" | account_gone | | 401, 403 | unauthorized | |
 * `idempotency_error` | key_mismatch | | `balance_insufficient`, `insufficient_funds` | insufficient_funds | | 404
 * `resource_missing` | no_such_transfer | | 400 "already … revers…" / "greater than … unreversed …" |
 * already_reversed / amount_exceeds_left | | other 4xx with Stripe's error object | refused |
 *
 * Classifies by status, code and message, not by class, so that the same rule reads an error that crossed a process
 * as data.
 */
export function classifyStripeError(error: unknown): ClassifiedError {
  if (!(error instanceof Stripe.errors.StripeError)) return unknown('unexpected answer');
  const { statusCode, code, rawType } = error;
  if (statusCode === undefined) return unknown(withoutAnswer(error));
  const message = redactKeys(error.message);

  if (code !== undefined && RATE_LIMIT_CODES.has(code)) return rateLimited(error);
  if (statusCode === 429) return rateLimited(error);
  if (isAccountGone(error)) return { kind: 'account_gone', message };
  if (statusCode === 401 || statusCode === 403) return { kind: 'unauthorized', message };
  if (statusCode >= 500 || UNKNOWN_STATUSES.has(statusCode) || code === 'idempotency_key_in_use') {
    const storedUnderKey = statusCode >= 500 && isReplayed(error.headers);
    return {
      ...unknown(`HTTP ${statusCode}${code ? ` ${code}` : ''}: ${message}`, statusCode),
      storedUnderKey,
    };
  }
  if (rawType === 'idempotency_error') return { kind: 'key_mismatch', message };
  // Only Stripe's own refusals carry this type: a proxy's JSON 404 must not end a row for good.
  if (statusCode < 400 || rawType === undefined || !REFUSAL_TYPES.has(rawType)) {
    return unknown(`HTTP ${statusCode} without Stripe's error object`, statusCode);
  }
  if (code !== undefined && INSUFFICIENT_FUNDS_CODES.has(code))
    return { kind: 'insufficient_funds', message };
  if (statusCode === 404 && code === 'resource_missing') return { kind: 'no_such_transfer', message };
  if (statusCode === 400 && ALREADY_REVERSED.test(message)) return { kind: 'already_reversed', message };
  if (statusCode === 400 && AMOUNT_EXCEEDS_LEFT.test(message))
    return { kind: 'amount_exceeds_left', message };
  return { kind: 'refused', ...(code === undefined ? {} : { code }), message };
}

function isAccountGone({
  statusCode,
  code,
  rawType,
  message,
}: InstanceType<typeof Stripe.errors.StripeError>): boolean {
  const isRefusal = rawType !== undefined && REFUSAL_TYPES.has(rawType);
  if (!isRefusal || statusCode === undefined || ![400, 403, 404].includes(statusCode)) return false;
  if (OTHER_MODE.test(message)) return false;
  return code === 'account_invalid' || ACCOUNT_GONE.test(message);
}

/** True where Stripe answered from the store under our key. */
export function isReplayed(headers: Readonly<Record<string, unknown>> | undefined): boolean {
  return headers?.['idempotent-replayed'] === 'true';
}

export function unknown(reason: string, httpStatus?: number): StripeUnknown {
  return {
    kind: 'unknown',
    reason,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    storedUnderKey: false,
  };
}

function rateLimited(error: InstanceType<typeof Stripe.errors.StripeError>): StripeFailure {
  const retryAfter = error.headers?.['retry-after'];
  const retryAfterMs = typeof retryAfter === 'string' ? parseRetryAfterMs(retryAfter) : undefined;
  return { kind: 'rate_limited', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Only the code of what happened: Node's messages name hosts and addresses. */
function withoutAnswer(error: InstanceType<typeof Stripe.errors.StripeError>): string {
  if (!(error instanceof Stripe.errors.StripeConnectionError)) return 'unreadable answer';
  const code = (error.detail as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? `no answer: ${code}` : 'no answer';
}

/** Stripe's messages about a key quote parts of it. */
function redactKeys(message: string): string {
  return message.replace(/\b(sk|rk|pk|whsec)_[\w*]+/g, '$1_…');
}
