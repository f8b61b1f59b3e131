import { providerId } from '../kernel/ids.ts';
import { whyOffGrain } from '../stripe/grain.ts';
import { type Books, CONNECTOR, laterThan, MERCHANT_ID, PROFILE_ID } from './books.ts';
import { MalformedBody, Refusal } from './errors.ts';
import { optionalInteger, optionalText, required } from './parse.ts';
import type { Payment, PaymentRecord, PaymentStatus } from './types.ts';

const MAX_ID_CHARS = 64;
/** Stripe's test card for a decline. */
const DECLINED_CARD = '4000000000000002';

export function findPayment(books: Books, paymentId: string): PaymentRecord {
  const record = books.payments.get(paymentId);
  if (record === undefined) throw new Refusal('payment_not_found');
  return record;
}

/** Unknown fields are tolerated here, unlike at refunds. */
export function createPayment(books: Books, body: Record<string, unknown>): PaymentRecord {
  const amount = required(optionalInteger(body, 'amount'), 'amount');
  const currency = required(optionalText(body, 'currency'), 'currency');
  if (amount < 0) throw new MalformedBody(`invalid value: integer \`${amount}\`, expected u64`);
  if (!/^[A-Z]{3}$/.test(currency))
    throw new MalformedBody(`unknown variant \`${currency}\`, expected one of ISO 4217`);
  const paymentId = optionalText(body, 'payment_id') ?? providerId('pay', 20);
  if (paymentId.length > MAX_ID_CHARS) {
    throw new MalformedBody(`the maximum allowed length for this field is ${MAX_ID_CHARS}`);
  }
  if (books.payments.has(paymentId)) throw new Refusal('duplicate_payment');
  const now = new Date().toISOString();
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
  };
  const record: PaymentRecord = {
    body: payment,
    refundIds: [],
    hasSuccessfulAttempt: false,
    isMethodRefundable: true,
    emitted: [],
  };
  books.payments.set(paymentId, record);
  return record;
}

const CONFIRMABLE: readonly PaymentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_customer_action',
];

/**
 * The buyer pays: any card succeeds but the one for declines. With a manual retry a declined payment may be tried
 * again, as a new attempt.
 */
export function confirmPayment(record: PaymentRecord, body: Record<string, unknown>): void {
  const { status, manual_retry_allowed: mayRetry } = record.body;
  const isRetry = status === 'failed' && mayRetry === true && body['retry_action'] === 'manual_retry';
  if (!CONFIRMABLE.includes(status) && !isRetry) {
    const hint =
      status === 'failed' && mayRetry === true
        ? ', you can pass `retry_action` as `manual_retry` in request to try this payment again'
        : '';
    throw new Refusal('precondition_failed', cannot('confirm', status) + hint);
  }
  if (isRetry) newAttempt(record);
  if (JSON.stringify(body).includes(DECLINED_CARD)) declinePayment(record, 'Your card was declined.', true);
  else takePayment(record, {});
}

/** The statuses that the router cancels; it refuses all others, also a payment that is cancelled already. */
const CANCELLABLE: readonly PaymentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_customer_action',
  'requires_capture',
];

export function cancelPayment(record: PaymentRecord, reason: string | null): void {
  const { status } = record.body;
  if (!CANCELLABLE.includes(status)) throw new Refusal('precondition_failed', cannot('cancel', status));
  movePayment(record, 'cancelled', { cancellation_reason: reason });
}

const cannot = (action: string, status: PaymentStatus) =>
  `You cannot ${action} this payment because it has status ${status}`;

/** The bank says no. `mayRetry`: the buyer may take another card. */
export function declinePayment(record: PaymentRecord, message: string, mayRetry: boolean): void {
  movePayment(record, 'failed', {
    error_code: 'card_declined',
    error_message: message,
    manual_retry_allowed: mayRetry,
  });
}

function newAttempt({ body }: PaymentRecord): void {
  body.attempt_count += 1;
  body.connector_transaction_id = null;
}

export function unexpectedState(flow: string, status: string, expected: readonly string[]): string {
  return `This Payment could not be ${flow} because it has a status of ${status}. The expected state is ${expected.join(', ')}`;
}

/**
 * Money arrives; the amount may differ from what was asked, which the caller has to handle. The router hands amounts
 * on to Stripe unchanged (`MinorUnitForConnector`) and checks no grain: an amount that Stripe does not take is a
 * failure.
 */
export function takePayment(
  record: PaymentRecord,
  o: {
    amountReceivedMinor?: number | undefined;
    currency?: string | undefined;
    status?: PaymentStatus | undefined;
  },
): void {
  const { body } = record;
  const refused = whyOffGrain(body.currency, body.amount);
  if (refused !== null) {
    movePayment(record, 'failed', { error_code: 'parameter_invalid_integer', error_message: refused });
    return;
  }
  record.hasSuccessfulAttempt = true;
  movePayment(record, o.status ?? 'succeeded', {
    amount_received: o.amountReceivedMinor ?? body.amount,
    currency: o.currency ?? body.currency,
    error_code: null,
    error_message: null,
  });
}

export function movePayment(record: PaymentRecord, status: PaymentStatus, set: Partial<Payment> = {}): void {
  const { body } = record;
  Object.assign(body, { manual_retry_allowed: null }, set, {
    status,
    connector: CONNECTOR,
    payment_method: body.payment_method ?? 'card',
    connector_transaction_id: body.connector_transaction_id ?? providerId('pi'),
    updated: laterThan(body.updated),
  });
}

const EVENT_OF: Partial<Record<PaymentStatus, string>> = {
  succeeded: 'payment_succeeded',
  partially_captured: 'payment_captured',
  failed: 'payment_failed',
  processing: 'payment_processing',
  cancelled: 'payment_cancelled',
  cancelled_post_capture: 'payment_cancelled_post_capture',
  expired: 'payment_expired',
  requires_capture: 'payment_authorized',
  requires_customer_action: 'action_required',
};

/** Emits the event of the payment's status, where there is one. */
export function announcePayment(books: Books, record: PaymentRecord): void {
  const type = EVENT_OF[record.body.status];
  if (type !== undefined) books.emit(record, 'payment_details', record.body.payment_id, type);
}

export const PAYMENT_EVENTS = Object.values(EVENT_OF);
