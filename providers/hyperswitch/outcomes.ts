import type { DisputeStage } from '../../domain/marketplace/index.ts';
import type { DeclineFacts } from '../../domain/subscriptions/index.ts';

/** A card for people: never its number. */
export interface PspCard {
  /** The router's word, e.g. `Visa`. */
  brand: string | null;
  last4: string | null;
  /** 1 to 12. */
  expMonth: number | null;
  /** Four digits. */
  expYear: number | null;
}

/** What a payment says of its buyer's card, and of charges without the buyer; docs/wire-hyperswitch-recurring.md. */
export interface PspCardOnFile {
  /** Our user's id, where the payment named one. */
  customerId: string | null;
  /** The card that was kept, e.g. `pm_…`: one id for one card of one customer. Null where none was. */
  paymentMethodId: string | null;
  /** Whether `paymentMethodId` may be charged later, without the buyer. */
  isChargeable: boolean;
  /** The same for one card under any customer. Null unless the merchant has switched the blocklist guard on. */
  fingerprint: string | null;
  card: PspCard | null;
  /** Above 1 the router has retried by itself, or let the buyer retry. */
  attemptCount: number;
  /** A set-up payment keeps a card and moves no money, though it ends as `succeeded`: it pays nothing. */
  isSetup: boolean;
  /** ISO 8601 in UTC: when the client secret dies. */
  expiresAt: string | null;
  /** Why it was declined. Says nothing about whether it was: only the status does. */
  decline: DeclineFacts;
}

/** A payment as the router gives it; see docs/wire-hyperswitch.md. Amounts in minor units of `currency`. */
export interface PspPayment extends PspCardOnFile {
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
 * - `state`: the payment's status does not allow the call now; it may have allowed it before (IR_14, IR_16).
 * - `nothing`: a first call would be refused too. Of a payment that is created it does not say that there is none: the
 *   router checks the customer and the card before the id.
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

/** A look-up that the router refuses for its own reasons, and not for want of time: it will say the same again. */
export const isRefusedRead = ({ httpStatus = 0 }: PspUnknown): boolean =>
  httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408 && httpStatus !== 429;

export interface PspNotFound {
  kind: 'not_found';
}

export type PspFailure = PspRefused | PspUnauthorized | PspUnknown;
export type CreatePaymentOutcome = { kind: 'payment'; payment: PspPayment } | PspFailure;
/**
 * There is no refusal: of a payment that cannot be read (422) nobody knows what became of it. `not_found` by itself
 * proves nothing either: the router's reads may be behind its writes.
 */
export type ReadPaymentOutcome =
  | { kind: 'payment'; payment: PspPayment }
  | PspUnauthorized
  | PspUnknown
  | PspNotFound;
export type CancelPaymentOutcome = CreatePaymentOutcome | PspNotFound;
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
