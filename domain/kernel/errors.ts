/**
 * The one table of errors. A code is stable: clients branch on it, workflows carry it as `ApplicationFailure.type`, the
 * API turns it into its HTTP status and documents it in OpenAPI. `retry` says whether the same call may succeed later
 * without anybody changing anything, which is what Temporal wants to know.
 */
export const ERRORS = {
  malformed_json: { status: 400, title: 'The body is not valid JSON', retry: false },
  validation_failed: { status: 422, title: 'A field has a value that cannot be accepted', retry: false },
  credentials_ambiguous: { status: 400, title: 'A bearer token and an API key were given', retry: false },
  unauthenticated: { status: 401, title: 'No valid credentials were given', retry: false },
  forbidden: { status: 403, title: 'Your role or API key does not allow this', retry: false },
  not_found: { status: 404, title: 'There is nothing here', retry: false },
  method_not_allowed: { status: 405, title: 'This resource does not take that method', retry: false },
  payload_too_large: { status: 413, title: 'The body is too large', retry: false },
  body_too_slow: { status: 408, title: 'The body came too slowly', retry: false },
  overloaded: { status: 503, title: 'Too much is being sent at once', retry: true },
  unsupported_media_type: { status: 415, title: 'The body must be application/json', retry: false },
  idempotency_key_invalid: { status: 400, title: 'The Idempotency-Key header cannot be used', retry: false },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key came with another body', retry: false },

  product_not_found: { status: 404, title: 'No such product', retry: false },
  product_inactive: { status: 400, title: 'The product is not for sale', retry: false },
  mixed_currencies: { status: 400, title: 'The products are priced in different currencies', retry: false },
  order_empty: { status: 422, title: 'An order needs at least one item', retry: false },
  provider_refused: { status: 402, title: 'The payment provider refused the payment', retry: false },
  too_many_open_orders: { status: 429, title: 'Too many of your orders are not paid yet', retry: false },
  amount_too_large: { status: 422, title: 'The total is more than one payment can hold', retry: false },

  order_not_found: { status: 404, title: 'No such order', retry: false },
  refund_not_found: { status: 404, title: 'No such refund', retry: false },
  refund_forbidden: { status: 403, title: 'You may not refund this order', retry: false },
  refund_already_requested: { status: 400, title: 'A refund is already in progress', retry: false },
  order_not_refundable: { status: 400, title: 'The order cannot be refunded', retry: false },
  order_has_no_payment: { status: 400, title: 'The order has no payment', retry: false },
  order_disputed: { status: 400, title: 'A dispute is open', retry: false },
  refund_window_expired: { status: 400, title: 'The refund window has ended', retry: false },
  refund_amount_invalid: { status: 400, title: 'The amount cannot be refunded', retry: false },
  too_many_streams: { status: 429, title: 'Too many streams are open', retry: false },

  transfer_not_found: { status: 404, title: 'No such transfer', retry: false },
  transfer_not_retryable: { status: 409, title: 'The transfer cannot be retried', retry: false },
  transfer_not_resolvable: { status: 409, title: 'The transfer cannot be resolved that way', retry: false },
  reversal_not_found: { status: 404, title: 'No such reversal', retry: false },
  reversal_not_retryable: { status: 409, title: 'The reversal cannot be retried', retry: false },

  payout_not_found: { status: 404, title: 'No such payout', retry: false },
  payout_amount_invalid: { status: 400, title: 'The amount cannot be paid out', retry: false },
  payout_currency_required: { status: 400, title: 'You have balances in several currencies', retry: false },
  payout_below_minimum: { status: 400, title: 'The payout is below the minimum', retry: false },
  nothing_available: { status: 400, title: 'Nothing is available to be paid out', retry: false },
  seller_has_no_account: { status: 400, title: 'No Stripe account is connected', retry: false },
  seller_account_not_ready: { status: 400, title: 'The Stripe account cannot do this yet', retry: false },
  stripe_account_refused: { status: 400, title: 'Stripe refused the account', retry: false },

  reversal_not_resolvable: { status: 409, title: 'The reversal cannot be resolved that way', retry: false },
  refund_not_returnable: { status: 409, title: 'The refund cannot be marked as returned', retry: false },

  refund_not_open: { status: 409, title: 'The refund has ended', retry: false },
  refund_not_held: { status: 409, title: 'The refund is not held', retry: false },
  refund_known_to_psp: { status: 409, title: 'The payment provider has the refund', retry: false },
  psp_unreadable: { status: 503, title: 'The payment provider cannot be asked', retry: true },
  reversal_not_open: { status: 409, title: 'The reversal has ended', retry: false },
  payout_not_bookable: { status: 409, title: 'The payout cannot be booked as Stripe made it', retry: false },
  payout_not_open: { status: 409, title: 'The payout has ended', retry: false },
  flag_not_found: { status: 404, title: 'No such flag', retry: false },
  flag_not_open: { status: 409, title: 'The flag was cleared', retry: false },
  subject_not_found: { status: 404, title: 'Nothing is known by that id', retry: false },
  action_unknown: { status: 422, title: 'That cannot be done to this', retry: false },
  preview_outdated: { status: 409, title: 'It has changed since it was shown', retry: false },
  list_changed: { status: 409, title: 'The list has changed since it was shown', retry: false },
  list_empty: { status: 409, title: 'The list is empty', retry: false },
  approval_not_found: { status: 404, title: 'No such approval', retry: false },
  approval_ended: { status: 409, title: 'The approval was decided on or has expired', retry: false },
  approval_outdated: { status: 409, title: 'What it is about has changed since', retry: false },
  second_admin_required: { status: 403, title: 'Another admin has to agree', retry: false },
  person_required: { status: 403, title: 'This takes a person, not an API key', retry: false },

  statement_not_found: { status: 404, title: 'No such statement', retry: false },
  statement_exception_not_found: { status: 404, title: 'No such statement exception', retry: false },
  statement_exception_resolved: { status: 409, title: 'The exception is resolved already', retry: false },

  signature_invalid: { status: 401, title: 'The webhook signature does not verify', retry: false },
  webhook_not_found: { status: 404, title: 'No such webhook event', retry: false },
  webhook_body_gone: { status: 409, title: 'The body of the webhook was deleted', retry: false },
  webhook_malformed: { status: 400, title: 'The webhook cannot be read', retry: false },

  payload_unreadable: { status: 503, title: 'What the engine keeps cannot be read', retry: true },
  rate_limited: { status: 429, title: 'The API key or the person has used the limit', retry: false },
  maintenance: { status: 503, title: 'Veza is under maintenance', retry: true },
  api_key_not_found: { status: 404, title: 'No such API key', retry: false },

  engine_unavailable: { status: 503, title: 'The engine or the database cannot be reached', retry: true },
  internal_error: { status: 500, title: 'Something went wrong on our side', retry: true },
} as const satisfies Record<string, { status: number; title: string; retry: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERRORS, value);
}

/** A refusal with its code, a sentence for the caller, and what a client may want to read by name. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Extra members of the problem document, for example `left_amount`. */
  readonly extra?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Whether repeating what threw it changes nothing: a refusal, and not a part that is away. */
export const isFinal = (error: unknown): boolean => error instanceof VezaError && !ERRORS[error.code].retry;

/** A refusal inside one process. It crosses to another as its code and detail, never as this class. */
export class VezaError extends Error implements Refusal {
  override readonly name = 'VezaError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly extra?: Refusal['extra'];

  constructor(code: ErrorCode, detail: string, extra?: Refusal['extra']) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.extra = extra;
  }

  static from({ code, detail, extra }: Refusal): VezaError {
    return new VezaError(code, detail, extra);
  }
}

/** What was processed is kept for WEBHOOK_BODY_RETENTION; the row stays. */
export const bodyGone = (webhookId: string) =>
  new VezaError(
    'webhook_body_gone',
    `The body of webhook event ${webhookId} was deleted after its time: ask the provider to send it again.`,
  );
