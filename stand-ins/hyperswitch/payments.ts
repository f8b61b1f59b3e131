import { isRecord } from '../kernel/fields.ts';
import { providerId } from '../kernel/ids.ts';
import { whyOffGrain } from '../stripe/grain.ts';
import { type Books, CONNECTOR, laterThan } from './books.ts';
import { cardIn, cardOf, fingerprintOf, shownCard, TEST_CARDS } from './cards.ts';
import { Refusal } from './errors.ts';
import { keepMethod, keepsCard, shownMethod } from './methods.ts';
import type { DeclineWords, Ending, Payment, PaymentRecord, PaymentStatus } from './types.ts';

export function findPayment(books: Books, paymentId: string): PaymentRecord {
  const record = books.payments.get(paymentId);
  if (record === undefined) throw new Refusal('payment_not_found');
  return record;
}

const CONFIRMABLE: readonly PaymentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_customer_action',
];

/**
 * The buyer confirms: their card decides, the good one where they name none. With a manual retry a declined payment
 * may be tried again, as a new attempt. `ordered`: what becomes of it whatever the card.
 */
export function confirmPayment(
  books: Books,
  record: PaymentRecord,
  body: Record<string, unknown>,
  ordered?: Ending,
): void {
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
  record.card = cardIn(body);
  record.isAccepted = isRecord(body['customer_acceptance']);
  // A set-up payment only keeps the card: no bank is asked for money.
  const { present } = record.card;
  const isKeptOnly = record.isSetup && present.kind === 'declines';
  endPayment(books, record, ordered ?? (isKeptOnly ? { kind: 'succeeds' } : present));
}

/** What the bank says of a payment's card. */
export function endPayment(books: Books, record: PaymentRecord, ending: Ending): void {
  record.settles = null;
  switch (ending.kind) {
    case 'succeeds':
      return takePayment(books, record, {});
    case 'declines':
      return declinePayment(books, record, ending.words, mayRetry(books, record));
    case 'wants_buyer': {
      const redirect_to_url = `http://127.0.0.1/3ds/${record.body.payment_id}`;
      const next_action = { type: 'redirect_to_url', redirect_to_url } as const;
      return movePayment(record, 'requires_customer_action', { ...cardFields(books, record), next_action });
    }
    case 'processing': {
      const atMs = ending.afterMs === null ? null : Date.now() + ending.afterMs;
      record.settles = { atMs, ending: ending.endsAs };
      return movePayment(record, 'processing', cardFields(books, record));
    }
  }
}

const mayRetry = (books: Books, { body }: PaymentRecord): boolean =>
  body.off_session !== true && (books.manualRetries || body.customer_id === null);

/** The card of this attempt, whether it is kept or not. */
const cardFields = (books: Books, { card }: PaymentRecord): Partial<Payment> =>
  card === null ? {} : { payment_method_data: shownCard(card), fingerprint: fingerprintOf(books, card) };

/** The statuses that the router cancels; it refuses all others, also a payment that is cancelled already. */
const CANCELLABLE: readonly PaymentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_customer_action',
  'requires_capture',
];

export function cancelPayment(record: PaymentRecord, reason: string | null): void {
  const { status } = record.body;
  if (!CANCELLABLE.includes(status)) throw new Refusal('unexpected_state', cannot('cancel', status));
  movePayment(record, 'cancelled', { cancellation_reason: reason });
}

const cannot = (action: string, status: PaymentStatus) =>
  `You cannot ${action} this payment because it has status ${status}`;

/** Stripe's codes that are error codes too; all other declines are `card_declined`. */
const ERROR_CODES: Readonly<Record<string, string>> = {
  expired_card: 'Your card has expired.',
  incorrect_number: 'Your card number is incorrect.',
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
};

/**
 * The bank says no. `mayRetry`: the buyer may take another card. The router words Stripe's decline code into the
 * reason, since Stripe's message is the same for most (its connector for Stripe).
 */
export function declinePayment(
  books: Books,
  record: PaymentRecord,
  words: DeclineWords,
  mayRetryIt: boolean,
): void {
  const { declineCode, issuerCode, adviceCode } = words;
  const message = words.message ?? ERROR_CODES[declineCode ?? ''] ?? 'Your card was declined.';
  const isErrorCode = declineCode !== undefined && declineCode in ERROR_CODES;
  if (record.body.off_session === true) record.body.attempt_count += books.autoRetries;
  movePayment(record, 'failed', {
    ...cardFields(books, record),
    error_code: words.errorCode ?? (isErrorCode ? declineCode : 'card_declined'),
    error_message: message,
    error_reason: declineCode === undefined ? null : `message - ${message}, decline_code - ${declineCode}`,
    unified_code: words.unifiedCode ?? 'UE_9000',
    unified_message: 'Something went wrong',
    issuer_error_code: issuerCode ?? null,
    issuer_error_message: declineCode ?? null,
    network_details: adviceCode === undefined ? null : { network_advice_code: adviceCode },
    manual_retry_allowed: mayRetryIt,
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
  books: Books,
  record: PaymentRecord,
  o: {
    amountReceivedMinor?: number | undefined;
    currency?: string | undefined;
    status?: PaymentStatus | undefined;
  },
): void {
  const { body } = record;
  record.settles = null;
  const refused = whyOffGrain(body.currency, body.amount);
  if (refused !== null) {
    movePayment(record, 'failed', { error_code: 'parameter_invalid_integer', error_message: refused });
    return;
  }
  record.hasSuccessfulAttempt = true;
  record.card ??= cardOf(TEST_CARDS.good);
  const { customer_id: customerId } = body;
  const kept = customerId !== null && keepsCard(record) ? keepMethod(books, customerId, record.card) : null;
  movePayment(record, o.status ?? 'succeeded', {
    ...NO_ERROR,
    ...cardFields(books, record),
    ...(kept === null ? {} : shownMethod(kept)),
    amount_received: record.isSetup ? null : (o.amountReceivedMinor ?? body.amount),
    currency: o.currency ?? body.currency,
  });
}

const NO_ERROR = {
  error_code: null,
  error_message: null,
  error_reason: null,
  unified_code: null,
  unified_message: null,
  issuer_error_code: null,
  issuer_error_message: null,
  network_details: null,
} satisfies Partial<Payment>;

export function movePayment(record: PaymentRecord, status: PaymentStatus, set: Partial<Payment> = {}): void {
  const { body } = record;
  Object.assign(body, { manual_retry_allowed: null, next_action: null }, set, {
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
