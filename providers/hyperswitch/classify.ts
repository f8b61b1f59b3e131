import { parseRetryAfterMs } from '../retry-after.ts';
import { readErrorBody } from './bodies.ts';
import type { PspFailure, PspNotFound, PspUnauthorized, PspUnknown, RefusalTells } from './outcomes.ts';

/** 4xx that say "not now": they do not tell whether an earlier attempt was carried out. */
const UNKNOWN_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** Refusals that a repeat of our own successful request may get as well. */
const TELLS: ReadonlyMap<string, RefusalTells> = new Map([
  ['HE_01', 'exists'],
  ['IR_13', 'amount_used_up'],
  ['IR_12', 'count_used_up'],
  ['IR_14', 'state'],
  ['IR_16', 'state'],
]);

const NOT_FOUND_CODE = 'HE_02';

/** An HTTP answer that is not a 2xx with a readable body. */
export interface FailedAnswer {
  httpStatus: number;
  /** Parsed JSON; undefined when the body is not JSON. */
  body: unknown;
  retryAfter: string | null;
}

/**
 * The one table of what the router's answers mean (router 2026.08.21.0; docs/wire-hyperswitch.md):
 *
 * | answer                                              | kind                        |
 * |-----------------------------------------------------|-----------------------------|
 * | no answer: network, timeout                         | unknown (`unanswered`)      |
 * | 2xx that is not the object asked for; 1xx, 3xx, 5xx | unknown                     |
 * | 408, 409, 425, 429                                  | unknown, with Retry-After   |
 * | 401, 403                                            | unauthorized                |
 * | other 4xx without the router's error object         | unknown: a proxy spoke      |
 * | other 4xx, HE_01 IR_13 IR_12 IR_14 IR_16            | refused, and what it tells  |
 * | other 4xx                                           | refused, telling `nothing`  |
 *
 * A read and a cancellation map 404 HE_02 to not_found first (`classifyReadFailure`): an ingress' own 404 must never fail a refund.
 * Creating a payment and looking one up read the table in their own ways, below.
 */
export function classifyFailure({ httpStatus, body, retryAfter }: FailedAnswer): PspFailure {
  const error = readErrorBody(body);
  if (httpStatus === 401 || httpStatus === 403) {
    return { kind: 'unauthorized', httpStatus, message: error?.message ?? `HTTP ${httpStatus}` };
  }
  const refusal = httpStatus >= 400 && httpStatus < 500 && !UNKNOWN_STATUSES.has(httpStatus);
  if (refusal && error) {
    return { kind: 'refused', httpStatus, ...error, tells: TELLS.get(error.code) ?? 'nothing' };
  }
  const retryAfterMs = parseRetryAfterMs(retryAfter);
  return {
    kind: 'unknown',
    reason: error ? `HTTP ${httpStatus} ${error.code}: ${error.message}` : `HTTP ${httpStatus}`,
    httpStatus,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

export function classifyReadFailure(answer: FailedAnswer): PspFailure | PspNotFound {
  if (answer.httpStatus === 404 && readErrorBody(answer.body)?.code === NOT_FOUND_CODE)
    return { kind: 'not_found' };
  return classifyFailure(answer);
}

/**
 * What a refusal to create a payment means: HE_01 alone tells of an earlier call. 404 HE_02 is a refusal there, of an
 * unknown card or customer, and IR_16 is one of the request: no payment's status is in question.
 */
export function classifyCreateFailure(answer: FailedAnswer): PspFailure {
  const failure = classifyFailure(answer);
  return failure.kind === 'refused' && failure.tells !== 'exists'
    ? { ...failure, tells: 'nothing' }
    : failure;
}

/**
 * Of a look-up of a payment only 404 HE_02 says that there is none. Any other refusal is unknown: a charge that was
 * refused may leave a payment behind whose look-up answers 422.
 */
export function classifyPaymentReadFailure(answer: FailedAnswer): PspNotFound | PspUnauthorized | PspUnknown {
  const failure = classifyReadFailure(answer);
  if (failure.kind !== 'refused') return failure;
  const { httpStatus, code, message } = failure;
  return { kind: 'unknown', reason: `HTTP ${httpStatus} ${code}: ${message}`, httpStatus };
}

/** No answer at all. Only the error's code is passed on: its message names hosts and addresses. */
export function unanswered(error: unknown, timeoutMs: number): PspUnknown {
  if (nameOf(error) === 'TimeoutError')
    return { kind: 'unknown', reason: `no answer within ${timeoutMs} ms` };
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | null)?.cause);
  return { kind: 'unknown', reason: code ? `network: ${code}` : 'network' };
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
