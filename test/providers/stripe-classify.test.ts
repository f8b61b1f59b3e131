import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { classifyStripeError } from '../../providers/stripe/classify.ts';
import type { CreateReversalOutcome, CreateTransferOutcome } from '../../providers/stripe/outcomes.ts';
import { KEY_LIFETIME_MS, permitsNewKey } from '../../providers/stripe/permits-new-key.ts';

interface Wire {
  statusCode: number;
  type?: string;
  code?: string;
  message?: string;
  headers?: Record<string, string>;
}

/** As the SDK makes it of an answer (RequestSender and generateV1Error of 23.1.0). */
function stripeError({ type = 'invalid_request_error', message = 'Sorry', ...wire }: Wire) {
  // The SDK's own types know only Stripe's types; a proxy's answer knows no such limits.
  return Stripe.errors.StripeError.generate({ ...wire, type, message } as never);
}

// Stripe's exact wording: stripe-ruby#1058, and alphagov/pay-connector's StripePaymentProviderTest (run by hand against Stripe).
const ALREADY_REVERSED = 'The transfer tr_1abc is already fully reversed.';
// Stripe documents no wording for a transfer; the one public quotation of it is in a stand-in, not in Stripe's own voice.
const EXCEEDS_UNREVERSED =
  'Transfer reversal amount ($10.00) is greater than unreversed amount on transfer ($4.00)';
// The two wordings of a refund, which a transfer's may share; the second is pinned by pay-connector as well.
const EXCEEDS_UNREFUNDED = 'Refund amount ($10.00) is greater than unrefunded amount on charge ($4.00)';
const EXCEEDS_WHOLE = 'Refund amount (£5.01) is greater than charge amount (£5.00)';

describe('each row of the table in docs/wire-stripe.md', () => {
  test.each<[string, Wire, string, object]>([
    [
      'unknown transfer',
      { statusCode: 404, code: 'resource_missing', message: "No such transfer: 'tr_x'" },
      'StripeInvalidRequestError',
      { kind: 'no_such_transfer', message: "No such transfer: 'tr_x'" },
    ],
    [
      'already wholly reversed',
      { statusCode: 400, message: ALREADY_REVERSED },
      'StripeInvalidRequestError',
      { kind: 'already_reversed', message: ALREADY_REVERSED },
    ],
    [
      'more than what is left',
      { statusCode: 400, message: EXCEEDS_UNREVERSED },
      'StripeInvalidRequestError',
      { kind: 'amount_exceeds_left', message: EXCEEDS_UNREVERSED },
    ],
    [
      "more than what is left, in a refund's words",
      { statusCode: 400, message: EXCEEDS_UNREFUNDED },
      'StripeInvalidRequestError',
      { kind: 'amount_exceeds_left', message: EXCEEDS_UNREFUNDED },
    ],
    [
      'more than there ever was',
      { statusCode: 400, message: EXCEEDS_WHOLE },
      'StripeInvalidRequestError',
      { kind: 'amount_exceeds_left', message: EXCEEDS_WHOLE },
    ],
    [
      'an account that is gone',
      {
        statusCode: 403,
        code: 'account_invalid',
        message: "The provided key does not have access to account 'acct_x'",
      },
      'StripePermissionError',
      { kind: 'account_gone', message: "The provided key does not have access to account 'acct_x'" },
    ],
    [
      'an account that is gone, without the code',
      { statusCode: 403, message: "The provided key does not have access to account 'acct_x'" },
      'StripePermissionError',
      { kind: 'account_gone', message: "The provided key does not have access to account 'acct_x'" },
    ],
    [
      'a destination that is gone',
      { statusCode: 400, code: 'resource_missing', message: "No such destination: 'acct_x'" },
      'StripeInvalidRequestError',
      { kind: 'account_gone', message: "No such destination: 'acct_x'" },
    ],
    [
      'a destination of the other mode: our key, not the account',
      {
        statusCode: 400,
        code: 'resource_missing',
        message:
          "No such destination: 'acct_x'; a similar object exists in test mode, but a live mode key was used to make this request.",
      },
      'StripeInvalidRequestError',
      {
        kind: 'refused',
        code: 'resource_missing',
        message:
          "No such destination: 'acct_x'; a similar object exists in test mode, but a live mode key was used to make this request.",
      },
    ],
    [
      'balance too small',
      { statusCode: 400, code: 'balance_insufficient' },
      'StripeInvalidRequestError',
      { kind: 'insufficient_funds', message: 'Sorry' },
    ],
    [
      'balance too small, the other code',
      { statusCode: 400, code: 'insufficient_funds' },
      'StripeInvalidRequestError',
      { kind: 'insufficient_funds', message: 'Sorry' },
    ],
    [
      'rate limit',
      { statusCode: 429, code: 'rate_limit', headers: { 'retry-after': '3' } },
      'StripeRateLimitError',
      { kind: 'rate_limited', retryAfterMs: 3_000 },
    ],
    [
      'rate limit without Retry-After',
      { statusCode: 429, code: 'rate_limit' },
      'StripeRateLimitError',
      { kind: 'rate_limited' },
    ],
    [
      'rate limit as 400',
      { statusCode: 400, code: 'rate_limit' },
      'StripeRateLimitError',
      { kind: 'rate_limited' },
    ],
    [
      'lock timeout',
      { statusCode: 429, code: 'lock_timeout' },
      'StripeRateLimitError',
      { kind: 'rate_limited' },
    ],
    [
      'same key, other parameters',
      { statusCode: 400, type: 'idempotency_error' },
      'StripeIdempotencyError',
      { kind: 'key_mismatch', message: 'Sorry' },
    ],
    [
      'same key at the same time',
      { statusCode: 409, type: 'idempotency_error', code: 'idempotency_key_in_use' },
      'StripeAPIError',
      {
        kind: 'unknown',
        reason: 'HTTP 409 idempotency_key_in_use: Sorry',
        httpStatus: 409,
        storedUnderKey: false,
      },
    ],
    [
      'bad key',
      { statusCode: 401, message: 'Invalid API Key provided: sk_test_****1234' },
      'StripeAuthenticationError',
      { kind: 'unauthorized', message: 'Invalid API Key provided: sk_…' },
    ],
    [
      'not permitted',
      { statusCode: 403 },
      'StripePermissionError',
      { kind: 'unauthorized', message: 'Sorry' },
    ],
    [
      '500',
      { statusCode: 500, type: 'api_error' },
      'StripeAPIError',
      { kind: 'unknown', reason: 'HTTP 500: Sorry', httpStatus: 500, storedUnderKey: false },
    ],
    [
      '500 from the store',
      { statusCode: 500, type: 'api_error', headers: { 'idempotent-replayed': 'true' } },
      'StripeAPIError',
      { kind: 'unknown', reason: 'HTTP 500: Sorry', httpStatus: 500, storedUnderKey: true },
    ],
    [
      '503',
      { statusCode: 503, type: 'api_error', headers: { 'idempotent-replayed': 'false' } },
      'StripeAPIError',
      { kind: 'unknown', reason: 'HTTP 503: Sorry', httpStatus: 503, storedUnderKey: false },
    ],
  ])('%s', (_name, wire, sdkClass, outcome) => {
    const error = stripeError(wire);
    expect(error.constructor.name).toBe(sdkClass);
    expect(classifyStripeError(error)).toEqual(outcome);
  });
});

describe('beside the table', () => {
  test.each<[string, Wire, object]>([
    [
      'another 400 is a refusal with its code',
      { statusCode: 400, code: 'parameter_missing' },
      { kind: 'refused', code: 'parameter_missing', message: 'Sorry' },
    ],
    ['a 402', { statusCode: 402, type: 'card_error' }, { kind: 'refused', message: 'Sorry' }],
    [
      'a zero amount is not one that exceeds',
      {
        statusCode: 400,
        code: 'parameter_invalid_integer',
        message: 'This value must be greater than or equal to 1.',
      },
      {
        kind: 'refused',
        code: 'parameter_invalid_integer',
        message: 'This value must be greater than or equal to 1.',
      },
    ],
    ['a 404 of another kind', { statusCode: 404 }, { kind: 'refused', message: 'Sorry' }],
    ['408', { statusCode: 408 }, { kind: 'unknown', storedUnderKey: false }],
    ["a proxy's 404", { statusCode: 404, type: 'not_found' }, { kind: 'unknown', httpStatus: 404 }],
    ["a proxy's 418", { statusCode: 418, type: 'teapot' }, { kind: 'unknown', httpStatus: 418 }],
    ['an api_error with 400', { statusCode: 400, type: 'api_error' }, { kind: 'unknown' }],
    ['an error inside a 200', { statusCode: 200, type: 'invalid_request_error' }, { kind: 'unknown' }],
  ])('%s', (_name, wire, outcome) => {
    expect(classifyStripeError(stripeError(wire))).toMatchObject(outcome);
  });

  test.each<[string, unknown, string]>([
    [
      'no answer',
      new Stripe.errors.StripeConnectionError({
        message: 'to api.stripe.com',
        detail: { code: 'ECONNREFUSED' },
      } as never),
      'no answer: ECONNREFUSED',
    ],
    ['no answer, no code', new Stripe.errors.StripeConnectionError({ message: 'x' } as never), 'no answer'],
    ['not JSON', new Stripe.errors.StripeAPIError({ message: 'Invalid JSON' } as never), 'unreadable answer'],
    ['not an error of Stripe', new TypeError('boom'), 'unexpected answer'],
    ['not an error at all', null, 'unexpected answer'],
  ])('%s is unknown, and names no host', (_name, error, reason) => {
    expect(classifyStripeError(error)).toEqual({ kind: 'unknown', reason, storedUnderKey: false });
  });
});

describe('permitsNewKey', () => {
  const message = 'Sorry';
  const fresh = { kind: 'unknown', reason: 'HTTP 500', storedUnderKey: false } as const;
  const stored = { kind: 'unknown', reason: 'HTTP 500', storedUnderKey: true } as const;
  const made = { amountMinor: 1, currency: 'USD', replayed: false } as const;
  const MINUTE_MS = 60_000;

  test.each<[string, CreateTransferOutcome | CreateReversalOutcome, number, boolean]>([
    ['a definite refusal', { kind: 'refused', message }, MINUTE_MS, true],
    ['not enough funds is stored too', { kind: 'insufficient_funds', message }, MINUTE_MS, true],
    ['already reversed', { kind: 'already_reversed', message }, MINUTE_MS, true],
    ['more than what is left', { kind: 'amount_exceeds_left', message }, MINUTE_MS, true],
    ['no such transfer', { kind: 'no_such_transfer', message }, MINUTE_MS, true],
    ['same key, other parameters', { kind: 'key_mismatch', message }, MINUTE_MS, true],
    ['a fresh 5xx, or no answer', fresh, MINUTE_MS, false],
    ['a stored 5xx', stored, MINUTE_MS, true],
    ['a fresh 5xx and a key of a day', fresh, KEY_LIFETIME_MS, false],
    ['a fresh 5xx and a key older than a day', fresh, KEY_LIFETIME_MS + 1, true],
    ['429', { kind: 'rate_limited' }, MINUTE_MS, false],
    ['429 and a key older than a day', { kind: 'rate_limited' }, KEY_LIFETIME_MS + 1, true],
    ['401', { kind: 'unauthorized', message }, MINUTE_MS, false],
    ['401 and a key older than a day', { kind: 'unauthorized', message }, KEY_LIFETIME_MS + 1, true],
    [
      'a transfer that was made',
      { kind: 'created', stripeTransferId: 'tr_x', ...made },
      KEY_LIFETIME_MS + 1,
      false,
    ],
    [
      'a reversal that was made',
      { kind: 'created', stripeReversalId: 'trr_x', ...made },
      KEY_LIFETIME_MS + 1,
      false,
    ],
  ])('%s', (_name, outcome, keyAgeMs, permitted) => {
    expect(permitsNewKey(outcome, keyAgeMs)).toBe(permitted);
  });
});
