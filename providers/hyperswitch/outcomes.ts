import type { DisputeStage } from '../../domain/marketplace/index.ts';

/** A payment as the router gives it; see docs/wire-hyperswitch.md. Amounts in minor units of `currency`. */
export interface PspPayment {
  paymentId: string;
  /** The router's own word; `paymentVerdict` says what it means. */
  status: string;
  amountMinor: number;
  /** What was captured; null until the router knows. */
  amountReceivedMinor: number | null;
  /** ISO 4217, upper case. */
  currency: string;
  clientSecret: string | null;
  connectorTransactionId: string | null;
  /** Informative only: set on pending payments too. */
  errorMessage: string | null;
  errorCode: string | null;
  /** Of a failed payment: whether it may be confirmed again, with another card. Null where the router does not say. */
  manualRetryAllowed: boolean | null;
  /** ISO 8601 in UTC, the router's `updated`. */
  updatedAt: string | null;
}

/** A refund as the router gives it; see docs/wire-hyperswitch.md. Amount in minor units of `currency`. */
export interface PspRefund {
  refundId: string;
  paymentId: string;
  amountMinor: number;
  /** ISO 4217, upper case. */
  currency: string;
  /** The router's own word; `refundVerdict` says what it means. */
  status: string;
  /** Informative only: set on pending refunds too. */
  errorMessage: string | null;
  errorCode: string | null;
  /** The PSP's id behind the router, e.g. Stripe's `re_…`. */
  connectorRefundId: string | null;
  /** ISO 8601 in UTC. */
  updatedAt: string | null;
}

/**
 * What a refusal tells about an earlier call of ours. The router replays nothing: it also refuses the repeat of a
 * call that it carried out.
 * - `exists`: there is a refund under our id (HE_01). A read that does not find it then means that the router's read
 *   side is behind.
 * - `amount_used_up`: the payment's refunds, perhaps with ours, leave less than we ask for (IR_13).
 * - `count_used_up`: the payment has as many refunds as the router allows (IR_12).
 * - `state`: the payment's status allows no refund now; it may have allowed one before (IR_14).
 * - `nothing`: a first call would be refused too.
 */
export type RefusalTells = 'exists' | 'amount_used_up' | 'count_used_up' | 'state' | 'nothing';

/** A dispute as the router gives it. Amount in minor units of `currency`. */
export interface PspDispute {
  disputeId: string;
  paymentId: string;
  /** The connector's id of the dispute, e.g. Stripe's `dp_…`. */
  connectorDisputeId: string | null;
  amountMinor: number;
  /** ISO 4217, upper case. */
  currency: string;
  /** The router's own word, `dispute_opened` and its like; `disputeVerdict` says what it means. */
  status: string;
  /** How far the dispute has gone; undefined where the router gave no stage that we know. */
  stage: DisputeStage | undefined;
}

/** The router said no, for good. */
export interface PspRefused {
  kind: 'refused';
  httpStatus: number;
  code: string | null;
  message: string;
  tells: RefusalTells;
}

/** Our key is wrong or not permitted: no row's fault. Treat as unknown, raise one alert. */
export interface PspUnauthorized {
  kind: 'unauthorized';
  httpStatus: number;
  message: string;
}

/** Nobody knows whether the request was carried out: look up, or ask again with the same id. */
export interface PspUnknown {
  kind: 'unknown';
  /** For people: never holds a host name, an address or a key. */
  reason: string;
  httpStatus?: number;
  retryAfterMs?: number;
}

export interface PspNotFound {
  kind: 'not_found';
}

export type PspFailure = PspRefused | PspUnauthorized | PspUnknown;
export type CreatePaymentOutcome = { kind: 'payment'; payment: PspPayment } | PspFailure;
export type ReadPaymentOutcome = CreatePaymentOutcome | PspNotFound;
export type CancelPaymentOutcome = ReadPaymentOutcome;
export type CreateRefundOutcome = { kind: 'refund'; refund: PspRefund } | PspFailure;
export type ReadRefundOutcome = CreateRefundOutcome | PspNotFound;
/** The PSP's whole list, or none of it. */
export type ListRefundsOutcome = { kind: 'refunds'; refunds: PspRefund[] } | PspFailure | PspNotFound;
export type ReadDisputeOutcome = { kind: 'dispute'; dispute: PspDispute } | PspFailure | PspNotFound;
/** `isWhole`: all pages were read. */
export type ListDisputesOutcome =
  | { kind: 'disputes'; disputes: PspDispute[]; isWhole: boolean }
  | PspFailure
  | PspNotFound;
