import type { DisputeStage } from './dispute-machine.ts';
import type { RefundStatus } from './refund-machine.ts';
import type { ReversalStatus } from './reversal-machine.ts';
import type { Caller } from '../accounts/index.ts';
import type { IdempotencyKey, Refused } from '../kernel/index.ts';

export interface AskedRefund {
  readonly kind: 'refund';
  readonly orderId: string;
  readonly caller: Caller;
  /** Minor units, as the client sent it: checked in phase 1, under one error code. */
  readonly amount?: unknown;
  readonly itemIds?: readonly string[];
  /** The buyer's own words. */
  readonly reason?: string;
  readonly idempotency?: IdempotencyKey;
}

/**
 * `refundId` is of a row, or of what somebody asked for. Older workflows have the ask in their arguments as well, and
 * nothing reads it there.
 */
export interface RefundRequest {
  readonly refundId: string;
}

/** What the HTTP answer to a refund is made of, without the buyer's own words: those do not belong in a history. */
export interface OpenedRefund {
  readonly refundId: string;
  /** Null where it is of something else. */
  readonly orderId: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  readonly createdAt: string;
}

/** The whole answer, as it is kept for repeats of the call, which is about an order. */
export interface RefundAnswer extends OpenedRefund {
  readonly orderId: string;
  readonly reason: string | null;
}

/** `bodyHash` lets the caller tell a repeat from a key that was used with another body. */
export type RefundOpening =
  | Refused
  | { readonly opened: OpenedRefund; readonly bodyHash: string | null; readonly status: RefundStatus };

/** What the PSP says of a refund, from a webhook or from a look-up. Only this ends a refund. */
export interface RefundReport {
  readonly status: 'succeeded' | 'failed';
  /** The PSP's id of the refund: our id, unless somebody else made the refund. */
  readonly providerRefundId: string | null;
  readonly message: string | null;
  /**
   * When the PSP last changed the refund, by its clock: only this puts its reports in order. Absent where the PSP did
   * not say.
   */
  readonly saidAt?: string;
  /**
   * What the PSP gave back, in minor units. Absent where the PSP did not say: then it is the amount that we asked
   * for.
   */
  readonly done?: { readonly amountMinor: number; readonly currency: string };
}

/** What a look at the PSP found, for a refund that the PSP never answered and that an operator wants to end. */
export type RefundLook =
  | { readonly kind: 'ended'; readonly status: RefundStatus; readonly message: string | null }
  /** The PSP has the refund, and its report decides. */
  | { readonly kind: 'known' }
  /** The PSP said before that it has the refund, and now does not show it. */
  | { readonly kind: 'exists' }
  /** The PSP did not answer; nothing has changed. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly lookAgainInMs: number }
  /**
   * The PSP does not know the refund. We do not ask for it again; we look once more at `lookAgainAt`, and if it is
   * still missing, it fails.
   */
  | { readonly kind: 'missing'; readonly lookAgainAt: string; readonly lookAgainInMs: number };

/** What the PSP says of a dispute. Amounts in minor units. */
export interface DisputeReport {
  readonly providerDisputeId: string;
  /** `expired` leaves the dispute open, where people see it. */
  readonly status: 'open' | 'expired' | 'won' | 'cancelled' | 'lost';
  readonly amountMinor: number;
  readonly currency: string;
  /** The connector's id of the dispute; absent where the PSP did not say. */
  readonly connectorDisputeId?: string;
  /** How far the dispute has gone; absent where the PSP did not say. */
  readonly stage?: DisputeStage;
  /** When the PSP said this, by its clock; absent where it did not say when. */
  readonly saidAt?: string;
}

/** What happened to an order's money without us asking. Amounts in minor units. */
export type OutsideEvent =
  | {
      readonly kind: 'refund';
      readonly providerRefundId: string;
      /** Null where the PSP did not say: then the refund is read at the PSP before anything is booked. */
      readonly amountMinor: number | null;
      readonly currency: string | null;
      /** When the PSP last changed the refund, where it said so. */
      readonly saidAt?: string;
    }
  /** Where only the id is known, the dispute is read at the PSP. */
  | { readonly kind: 'dispute'; readonly news: DisputeReport | Pick<DisputeReport, 'providerDisputeId'> };

export interface AskedOrder {
  readonly kind: 'order';
  readonly buyerId: string;
  readonly productIds: readonly string[];
  readonly idempotency?: IdempotencyKey;
}

/** `orderId` is of a row, or of what somebody asked for. */
export interface OrderRequest {
  readonly orderId: string;
}

/**
 * A payment without its client secret, which only the row has: anybody who reads histories could pay or cancel with
 * it.
 */
export interface OpenedPayment {
  readonly paymentId: string;
  readonly status: string;
}

/** `payment` is null while the PSP has not answered. */
export type OrderPlacing =
  | Refused
  | { readonly orderId: string; readonly payment: OpenedPayment | null; readonly bodyHash: string | null };

/** How a workflow's call to the PSP stands. */
export interface PspCall {
  /** The row's status as the workflow knows it; `pending` until the PSP's report has ended it. */
  readonly status: string;
  /** The key as the header carries it and the PSP's log shows it. */
  readonly idempotencyKey: string;
}

/** The failure type by which a reversal's workflow refuses to look at Stripe while it is still at work. */
export const REVERSAL_AT_WORK = 'reversal_at_work';

/** What a look at Stripe found, for a reversal that a person had ended. `status` is the row's status after it. */
export type ReversalAdoption =
  | { readonly adopted: true; readonly status: ReversalStatus }
  | { readonly adopted: false; readonly status: ReversalStatus; readonly why: string };

/** What the PSP says of a payment. Only this completes or fails an order. */
export interface PaymentReport {
  readonly verdict: 'captured' | 'failed' | 'cancelled_post_capture';
  /** What the PSP received, in minor units; null where nothing was captured. */
  readonly receivedMinor: number | null;
  readonly currency: string | null;
  readonly message: string | null;
  /** The charge behind the payment at the connector, where it is known. */
  readonly connectorTransactionId: string | null;
  /** Of a failed payment: the PSP says that it can never be captured any more. */
  readonly dead?: true;
  /** The event named no amount or no currency: the payment is read at the PSP before anything is decided. */
  readonly unread?: true;
}
