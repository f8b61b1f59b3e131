import type { StatusFault } from '../kernel/faults.ts';
import type { Answer } from '../kernel/server.ts';
import type { GoneWording } from './types.ts';

export interface ErrorBody {
  type: 'invalid_request_error' | 'api_error' | 'idempotency_error';
  message: string;
  code?: string;
  param?: string;
}

/** `executed`: the endpoint had begun to execute, so this answer is stored under the idempotency key. */
export class Failure extends Error {
  readonly answer: Answer;
  readonly executed: boolean;
  constructor(status: number, error: ErrorBody, o: { executed: boolean; headers?: Record<string, string> }) {
    super(error.message);
    const { code } = error;
    const docUrl =
      code === undefined
        ? {}
        : { doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` };
    this.answer = {
      status,
      body: { error: { ...(code === undefined ? {} : { code }), ...docUrl, ...error } },
      ...(o.headers === undefined ? {} : { headers: o.headers }),
    };
    this.executed = o.executed;
  }
}

const invalid = (message: string, rest: Partial<ErrorBody> = {}): ErrorBody => ({
  type: 'invalid_request_error',
  message,
  ...rest,
});

/** Refused before the endpoint began: not stored. */
export function parameterError(message: string, rest: Partial<ErrorBody> = {}): Failure {
  return new Failure(400, invalid(message, rest), { executed: false });
}

/** Refused by the endpoint itself: stored. */
export function refused(status: number, message: string, rest: Partial<ErrorBody> = {}): Failure {
  return new Failure(status, invalid(message, rest), { executed: true });
}

export function missing(what: string, id: string, param = 'id'): Failure {
  return refused(404, `No such ${what}: '${id}'`, { code: 'resource_missing', param });
}

export function insufficientPlatformBalance(): Failure {
  const message =
    'You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You can use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance).';
  return refused(400, message, { code: 'balance_insufficient' });
}

export function insufficientAccountBalance(accountId: string): Failure {
  const message = `The connected account '${accountId}' has insufficient funds in its Stripe balance to cover this amount.`;
  return refused(400, message, { code: 'balance_insufficient' });
}

/** Keys are shown as Stripe shows them: the end only. */
export function unauthorized(key: string | undefined): Failure {
  const message =
    key === undefined
      ? "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
      : `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(12)}${key.slice(-4)}`;
  return new Failure(401, invalid(message), { executed: false });
}

export function noAccessToAccount(account: string): Failure {
  const message = `The provided key does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`;
  return new Failure(403, invalid(message, { code: 'account_invalid' }), { executed: false });
}

/** 400 for a transfer or a list, or 403 as for a call on the account itself. */
export function destinationGone(account: string, wording: GoneWording = 'no_such_destination'): Failure {
  if (wording === 'account_invalid') return noAccessToAccount(account);
  return refused(400, `No such destination: '${account}'`, {
    code: 'resource_missing',
    param: 'destination',
  });
}

/** Stripe documents the rule but not the words of its refusal, so these are the words of the rule. */
export function offGrainWords(currency: string, grain: number): string {
  const code = currency.toUpperCase();
  return grain === 10
    ? `Invalid amount: ${code} is a three-decimal currency, and the least-significant (last) digit must be 0.`
    : `Invalid amount: amounts in ${code} must be evenly divisible by ${grain}.`;
}

export function offGrain(currency: string, grain: number): Failure {
  return parameterError(offGrainWords(currency, grain), {
    code: 'parameter_invalid_integer',
    param: 'amount',
  });
}

export function rateLimited(): Failure {
  const message =
    'Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.';
  return new Failure(429, invalid(message, { code: 'rate_limit' }), { executed: false });
}

export function keyInUse(key: string): Failure {
  const message = `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`;
  return new Failure(409, invalid(message, { code: 'idempotency_key_in_use' }), { executed: false });
}

export function keyWithOtherParameters(key: string): Failure {
  const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`;
  return new Failure(400, { type: 'idempotency_error', message }, { executed: false });
}

export function keyWithOtherEndpoint(key: string, now: string, first: string): Failure {
  const message = `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${now}' vs '${first}'). Try using a key other than '${key}' if you meant to execute a different request.`;
  return new Failure(400, { type: 'idempotency_error', message }, { executed: false });
}

export function unknownUrl(method: string, path: string): Answer {
  const message = `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`;
  return new Failure(404, invalid(message), { executed: false }).answer;
}

const USUAL: Record<number, ErrorBody> = {
  401: invalid('Invalid API Key provided: sk_test_************dbox'),
  403: invalid('The provided key does not have the required permissions for this endpoint.', {
    code: 'permission_denied',
  }),
  409: invalid(
    'There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through). Please try again later.',
    { code: 'idempotency_key_in_use' },
  ),
  429: invalid('Request rate limit exceeded.', { code: 'rate_limit' }),
};

export function answerForStatus(fault: StatusFault): Answer {
  const error: ErrorBody = USUAL[fault.status] ?? {
    type: fault.status >= 500 ? 'api_error' : 'invalid_request_error',
    message: 'An unknown error occurred',
  };
  return {
    status: fault.status,
    body: fault.body ?? { error },
    ...(fault.headers === undefined ? {} : { headers: fault.headers }),
  };
}
