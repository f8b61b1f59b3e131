import { isRecord } from '../kernel/fields.ts';
import { providerId } from '../kernel/ids.ts';
import { type Books, MERCHANT_ID, PROFILE_ID } from './books.ts';
import { MalformedBody, Refusal } from './errors.ts';
import { chargeableMethod, rememberCustomer, shownMethod } from './methods.ts';
import { optionalBoolean, optionalInteger, optionalText, required } from './parse.ts';
import type { MethodRecord, Payment, PaymentRecord } from './types.ts';

const MAX_ID_CHARS = 64;
/** `MAX_ALLOWED_AMOUNT` of the router's consts.rs. */
const MAX_AMOUNT = 999_999_999;
/** `DEFAULT_SESSION_EXPIRY` and its limits in the router's consts.rs. */
const USUAL_EXPIRY_SECONDS = 900;
const MIN_EXPIRY_SECONDS = 60;
const MAX_EXPIRY_SECONDS = 7_890_000;

export interface PaymentRequest {
  payment: Payment;
  isSetup: boolean;
  /** The card on file that is charged without the buyer; null where the buyer confirms. */
  method: MethodRecord | null;
}

/**
 * All of the router's checks, in its order: the card and the customer come before the duplicate id. Unknown fields
 * are tolerated here, unlike at refunds.
 */
export function checkPayment(books: Books, body: Record<string, unknown>): PaymentRequest {
  const amount = required(optionalInteger(body, 'amount'), 'amount');
  const currency = required(optionalText(body, 'currency'), 'currency');
  if (amount < 0) throw new MalformedBody(`invalid value: integer \`${amount}\`, expected u64`);
  if (!/^[A-Z]{3}$/.test(currency))
    throw new MalformedBody(`unknown variant \`${currency}\`, expected one of ISO 4217`);
  const paymentId = idOf(body, 'payment_id') ?? providerId('pay', 20);
  const customerId = idOf(body, 'customer_id') ?? null;
  const setupFutureUsage = optionalText(body, 'setup_future_usage') ?? null;
  if (amount > MAX_AMOUNT) refuse(`amount should not be more than ${MAX_AMOUNT}`);
  const expirySeconds = optionalInteger(body, 'session_expiry') ?? USUAL_EXPIRY_SECONDS;
  if (expirySeconds < MIN_EXPIRY_SECONDS || expirySeconds > MAX_EXPIRY_SECONDS) {
    const message = `session_expiry should be between ${MIN_EXPIRY_SECONDS}(1 min) to ${MAX_EXPIRY_SECONDS}(3 months).`;
    throw new Refusal('invalid_request_data', message);
  }
  if (setupFutureUsage !== null && customerId === null)
    refuse('customer_id is mandatory when setup_future_usage is given');
  const method = checkRecurring(books, body, customerId);
  if (books.payments.has(paymentId)) throw new Refusal('duplicate_payment');
  if (customerId !== null) rememberCustomer(books, customerId);
  const createdMs = Date.now();
  const now = new Date(createdMs).toISOString();
  const payment: Payment = {
    payment_id: paymentId,
    merchant_id: MERCHANT_ID,
    status: 'requires_payment_method',
    amount,
    net_amount: amount,
    amount_capturable: 0,
    amount_received: null,
    connector: null,
    client_secret: `${paymentId}_secret_${providerId('', 20).slice(1)}`,
    created: now,
    currency,
    description: optionalText(body, 'description') ?? null,
    return_url: optionalText(body, 'return_url') ?? null,
    payment_method: null,
    capture_method: optionalText(body, 'capture_method') ?? 'automatic',
    profile_id: optionalText(body, 'profile_id') ?? PROFILE_ID,
    attempt_count: 1,
    error_code: null,
    error_message: null,
    cancellation_reason: null,
    manual_retry_allowed: null,
    connector_transaction_id: null,
    merchant_order_reference_id: optionalText(body, 'merchant_order_reference_id') ?? null,
    metadata: body['metadata'] ?? null,
    updated: now,
    customer_id: customerId,
    setup_future_usage: setupFutureUsage,
    off_session: optionalBoolean(body, 'off_session') ?? null,
    payment_method_id: null,
    payment_method_status: null,
    payment_method_tokenization_details: null,
    network_transaction_id: null,
    connector_mandate_id: null,
    fingerprint: null,
    payment_method_data: null,
    expires_on: new Date(createdMs + expirySeconds * 1_000).toISOString(),
    error_reason: null,
    unified_code: null,
    unified_message: null,
    issuer_error_code: null,
    issuer_error_message: null,
    network_details: null,
    next_action: null,
    ...(method === null ? {} : shownMethod(method)),
  };
  return { payment, isSetup: optionalText(body, 'payment_type') === 'setup_mandate', method };
}

export function insertPayment(books: Books, { payment, isSetup, method }: PaymentRequest): PaymentRecord {
  const record: PaymentRecord = {
    body: payment,
    refundIds: [],
    hasSuccessfulAttempt: false,
    isMethodRefundable: true,
    isSetup,
    card: method === null ? null : structuredClone(method.card),
    isAccepted: false,
    settles: null,
    isUnreadable: false,
    emitted: [],
  };
  books.payments.set(payment.payment_id, record);
  return record;
}

/**
 * A charge of a card on file. Source: the router's `validate_recurring_details_and_token`, `validate_mandate`,
 * `validate_recurring_mandate` and `verify_mandate_details_for_recurring_payments`, in this order.
 */
function checkRecurring(
  books: Books,
  body: Record<string, unknown>,
  customerId: string | null,
): MethodRecord | null {
  const details = body['recurring_details'] ?? null;
  if (details === null) return null;
  const methodId = methodIdIn(details);
  for (const other of ['payment_token', 'mandate_id']) {
    if ((body[other] ?? null) !== null)
      refuse(`Expected one out of recurring_details and ${other} but got both`);
  }
  if ((body['mandate_data'] ?? null) !== null) {
    const reason = 'Expected one out of recurring_details and mandate_data but got both';
    throw new Refusal('mandate_invalid', undefined, reason);
  }
  const customer = required(customerId ?? undefined, 'customer_id');
  if (!required(optionalBoolean(body, 'confirm'), 'confirm')) refuse('`confirm` must be `true` for mandates');
  if (!required(optionalBoolean(body, 'off_session'), 'off_session'))
    refuse('`off_session` should be `true` for mandates');
  return chargeableMethod(books, methodId, customer);
}

function methodIdIn(details: unknown): string {
  if (!isRecord(details)) throw new MalformedBody('invalid type: expected RecurringDetails');
  const { type, data } = details;
  if (type !== 'payment_method_id')
    throw new MalformedBody('unknown variant, expected `payment_method_id`: no other is used here');
  if (typeof data !== 'string') throw new MalformedBody('missing field `data`');
  return data;
}

function idOf(body: Record<string, unknown>, field: string): string | undefined {
  const id = optionalText(body, field);
  if (id !== undefined && id.length > MAX_ID_CHARS)
    throw new MalformedBody(`the maximum allowed length for this field is ${MAX_ID_CHARS}`);
  return id;
}

function refuse(message: string): never {
  throw new Refusal('precondition_failed', message);
}
