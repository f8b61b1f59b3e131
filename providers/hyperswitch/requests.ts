import { requireAmountMinor, requireId } from '../idempotency-key.ts';

/** The only reasons a payment routed to Stripe takes; other text belongs into the metadata. */
const PSP_REASONS: ReadonlySet<string> = new Set(['duplicate', 'fraudulent', 'requested_by_customer']);

/** The router hands the reason on to Stripe, which takes these four (docs.stripe.com/api/payment_intents/cancel). */
export type CancellationReason = 'abandoned' | 'duplicate' | 'fraudulent' | 'requested_by_customer';

export type Metadata = Readonly<Record<string, string>>;

export interface CreatePaymentRequest {
  /** Our id (the order's): the router's only protection against a second payment. */
  paymentId: string;
  amountMinor: number;
  /** ISO 4217, any case. */
  currency: string;
  idempotencyKey: string;
  metadata?: Metadata;
  profileId?: string;
  merchantOrderReferenceId?: string;
  /** Absent: the router's default, `automatic`. */
  captureMethod?: 'automatic' | 'manual';
  /** Absent: the frontend confirms with the client secret. */
  confirm?: boolean;
}

/** A payment that the buyer confirms in the browser, and whose card is kept for later charges. */
export interface FirstPaymentRequest {
  /** Our id: the router's only protection against a second payment. */
  paymentId: string;
  /** Our user's id, at most 64 characters. The router makes the customer that it does not know. */
  customerId: string;
  amountMinor: number;
  /** ISO 4217, any case. */
  currency: string;
  /** How long the client secret lives, 60 to 7,890,000 seconds; the router's own default is 900. */
  expiresInSeconds: number;
  idempotencyKey: string;
  metadata?: Metadata;
}

/** Keeps a card without a charge: it moves no money, and its `succeeded` pays nothing. */
export type SetupPaymentRequest = Omit<FirstPaymentRequest, 'amountMinor'>;

/** A charge of a kept card, the buyer absent. */
export interface ChargeRequest {
  /** Our id: the router's only protection against a second charge. */
  paymentId: string;
  customerId: string;
  /** The PSP's id of the card, `pm_…`. */
  paymentMethodId: string;
  amountMinor: number;
  /** ISO 4217, any case. */
  currency: string;
  idempotencyKey: string;
  metadata?: Metadata;
}

export interface CreateRefundRequest {
  /** Our id, at most 64 characters: the router's only protection against a second refund. */
  refundId: string;
  paymentId: string;
  amountMinor: number;
  idempotencyKey: string;
  /** Free text goes into `metadata.reason`; only the PSP's own three words are sent as a reason. */
  reason?: string;
  metadata?: Metadata;
}

export interface PaymentBody {
  payment_id: string;
  [field: string]: unknown;
}

export function paymentBody(request: CreatePaymentRequest): PaymentBody {
  return {
    payment_id: requireId('paymentId', request.paymentId),
    amount: requireAmountMinor(request.amountMinor),
    currency: request.currency.toUpperCase(),
    metadata: request.metadata,
    profile_id: request.profileId,
    merchant_order_reference_id: request.merchantOrderReferenceId,
    capture_method: request.captureMethod,
    confirm: request.confirm,
  };
}

/** No `confirm`: the browser confirms with the client secret, and says that the buyer agreed to keep the card. */
function keepingBody(request: SetupPaymentRequest) {
  return {
    payment_id: requireId('paymentId', request.paymentId),
    currency: request.currency.toUpperCase(),
    customer_id: requireId('customerId', request.customerId),
    setup_future_usage: 'off_session',
    confirm: false,
    session_expiry: request.expiresInSeconds,
    metadata: request.metadata,
  };
}

export const firstPaymentBody = (request: FirstPaymentRequest): PaymentBody => ({
  ...keepingBody(request),
  amount: requireAmountMinor(request.amountMinor),
});

export const setupBody = (request: SetupPaymentRequest): PaymentBody => ({
  ...keepingBody(request),
  amount: 0,
  payment_type: 'setup_mandate',
});

export function chargeBody(request: ChargeRequest): PaymentBody {
  return {
    payment_id: requireId('paymentId', request.paymentId),
    amount: requireAmountMinor(request.amountMinor),
    currency: request.currency.toUpperCase(),
    customer_id: requireId('customerId', request.customerId),
    confirm: true,
    off_session: true,
    mit_category: 'recurring',
    recurring_details: {
      type: 'payment_method_id',
      data: requireId('paymentMethodId', request.paymentMethodId),
    },
    metadata: request.metadata,
  };
}

export function refundBody({ refundId, paymentId, amountMinor, reason, metadata }: CreateRefundRequest) {
  const known = reason !== undefined && PSP_REASONS.has(reason);
  const freeText = reason !== undefined && reason !== '' && !known ? { reason } : undefined;
  return {
    refund_id: requireId('refundId', refundId),
    payment_id: requireId('paymentId', paymentId),
    amount: requireAmountMinor(amountMinor),
    reason: known ? reason : undefined,
    // Sent, not left to the default: the router's documentation says "instant", its code `RefundType::Scheduled`.
    refund_type: 'instant',
    metadata: metadata || freeText ? { ...metadata, ...freeText } : undefined,
  };
}
