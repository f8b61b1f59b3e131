import { providerId } from '../kernel/ids.ts';
import { chargeGrain } from '../stripe/grain.ts';
import { type Books, CONNECTOR, laterThan, PROFILE_ID } from './books.ts';
import { invalidFormat, MalformedBody, Refusal } from './errors.ts';
import { optionalInteger, optionalText, refuseUnknownFields } from './parse.ts';
import { findPayment, unexpectedState } from './payments.ts';
import type { PaymentRecord, RefundRecord, RefundStatus } from './types.ts';

const KNOWN_FIELDS = [
  'payment_id',
  'refund_id',
  'merchant_id',
  'amount',
  'reason',
  'refund_type',
  'metadata',
  'merchant_connector_details',
  'split_refunds',
  'all_keys_required',
];
const MAX_ID_CHARS = 64;
/** The router refuses when there are more than this, so the eleventh refund still passes. */
const MAX_ATTEMPTS = 10;
const MAX_AGE_DAYS = 365;
const DAY_MS = 86_400_000;
const REASONS_OF_STRIPE = ['duplicate', 'fraudulent', 'requested_by_customer'];

export interface RefundRequest {
  payment: PaymentRecord;
  refundId: string;
  amountMinor: number;
  reason: string | undefined;
  metadata: unknown;
}

/** All of the router's checks, in its order: the amount and the count come before the duplicate id. */
export function checkRefund(books: Books, body: Record<string, unknown>): RefundRequest {
  refuseUnknownFields(body, KNOWN_FIELDS);
  const paymentId = optionalText(body, 'payment_id');
  if (paymentId === undefined) throw new MalformedBody('missing field `payment_id`');
  const refundType = optionalText(body, 'refund_type') ?? 'scheduled';
  if (refundType !== 'instant' && refundType !== 'scheduled') {
    throw new MalformedBody(`unknown variant \`${refundType}\`, expected \`scheduled\` or \`instant\``);
  }
  const asked = optionalInteger(body, 'amount');
  const reason = optionalText(body, 'reason');

  const payment = findPayment(books, paymentId);
  const { status } = payment.body;
  if (status !== 'succeeded' && status !== 'partially_captured') {
    throw new Refusal(
      'unexpected_state',
      unexpectedState('refund', status, ['succeeded', 'partially_captured']),
    );
  }
  const capturedMinor = payment.body.amount_received ?? payment.body.amount;
  const amountMinor = asked ?? capturedMinor;
  if (amountMinor <= 0) throw invalidFormat('amount', 'positive integer');
  if (!payment.hasSuccessfulAttempt) throw new Refusal('no_successful_attempt');
  const refundId = optionalText(body, 'refund_id') ?? providerId('ref', 20);
  if (refundId.length > MAX_ID_CHARS) {
    throw invalidFormat('refund_id', `length should be less than ${MAX_ID_CHARS} characters`);
  }
  if (Date.now() - Date.parse(payment.body.created) >= (MAX_AGE_DAYS + 1) * DAY_MS) {
    throw invalidFormat('created_at', `created_at not older than ${MAX_AGE_DAYS} days`);
  }
  const earlier = refundsOf(books, payment);
  if (amountMinor > leftMinor(earlier, capturedMinor)) throw new Refusal('over_captured');
  if (earlier.length > MAX_ATTEMPTS) throw new Refusal('too_many_refunds');
  if (books.refunds.has(refundId)) throw new Refusal('duplicate_refund');
  if (!payment.isMethodRefundable) {
    const message = `This refund is not possible through Hyperswitch. Please raise the refund through ${CONNECTOR} dashboard`;
    throw new Refusal('not_refundable', message);
  }
  return { payment, refundId, amountMinor, reason, metadata: body['metadata'] ?? null };
}

const leftMinor = (refunds: readonly RefundRecord[], capturedMinor: number) =>
  refunds
    .filter((refund) => refund.body.status !== 'failed')
    .reduce((left, refund) => left - refund.body.amount, capturedMinor);

/**
 * What the connector gives back where it differs from what was asked: whole grains, and never more than it has left.
 */
export function doneMinor(
  books: Books,
  { payment, refundId, amountMinor }: RefundRequest,
  share: number,
): number {
  const { amount, amount_received: received, currency } = payment.body;
  const others = refundsOf(books, payment).filter((refund) => refund.body.refund_id !== refundId);
  const wanted = Math.min(Math.floor(amountMinor * share), leftMinor(others, received ?? amount));
  const grain = chargeGrain(currency);
  return Math.max(wanted - (wanted % grain), grain);
}

export function refundsOf(books: Books, payment: PaymentRecord): RefundRecord[] {
  return payment.refundIds.map((id) => findRefund(books, id));
}

export function findRefund(books: Books, refundId: string): RefundRecord {
  const record = books.refunds.get(refundId);
  if (record === undefined) throw new Refusal('refund_not_found');
  return record;
}

/** Stripe's own refusal of a free-text reason; Hyperswitch answers it with 200 and a failed refund. */
export function isReasonAccepted(reason: string | undefined): boolean {
  return reason === undefined || REASONS_OF_STRIPE.includes(reason);
}

export function insertRefund(books: Books, request: RefundRequest): RefundRecord {
  const { payment } = request;
  const now = new Date().toISOString();
  const record: RefundRecord = {
    body: {
      refund_id: request.refundId,
      payment_id: payment.body.payment_id,
      amount: request.amountMinor,
      currency: payment.body.currency,
      status: 'pending',
      reason: request.reason ?? null,
      metadata: request.metadata,
      error_message: null,
      error_code: null,
      unified_code: null,
      unified_message: null,
      created_at: now,
      updated_at: now,
      connector: CONNECTOR,
      profile_id: payment.body.profile_id ?? PROFILE_ID,
      merchant_connector_id: 'mca_sandbox',
      split_refunds: null,
      issuer_error_code: null,
      issuer_error_message: null,
      raw_connector_response: null,
      connector_refund_id: null,
    },
    before: null,
    atConnector: null,
    settlesItself: false,
    emitted: [],
  };
  books.refunds.set(request.refundId, record);
  payment.refundIds.push(request.refundId);
  return record;
}

export interface RefundMove {
  status: RefundStatus;
  message?: string | null | undefined;
  code?: string | null | undefined;
}

/** Error fields are set by the move alone: a pending refund may carry them too, and must not be read as failed. */
export function transitionRefund(record: RefundRecord, move: RefundMove): void {
  const { body } = record;
  const hasError = move.status === 'failed' || (move.message ?? move.code ?? null) !== null;
  record.settlesItself = false;
  record.before = structuredClone(body);
  Object.assign(body, {
    status: move.status,
    error_message: hasError ? (move.message ?? 'The refund failed at the connector') : null,
    error_code: hasError ? (move.code ?? 'refund_failed') : null,
    unified_code: hasError ? 'UE_9000' : null,
    unified_message: hasError ? 'Something went wrong' : null,
    connector_refund_id: body.connector_refund_id ?? (move.status === 'succeeded' ? providerId('re') : null),
    updated_at: laterThan(body.updated_at),
  });
}

/** Only the two terminal statuses have a webhook: pending and review are found by asking. */
export function announceRefund(books: Books, record: RefundRecord): void {
  const { status, refund_id } = record.body;
  if (status === 'succeeded' || status === 'failed') {
    books.emit(record, 'refund_details', refund_id, `refund_${status}`);
  }
}

/** What a lookup with force_sync does: asks the connector while the refund is not terminal. */
export function syncRefund(books: Books, record: RefundRecord): boolean {
  const { atConnector } = record;
  if (record.body.status !== 'pending' || atConnector === null) return false;
  record.atConnector = null;
  transitionRefund(record, atConnector);
  announceRefund(books, record);
  return true;
}
