import type { DisputeStage } from './dispute-machine.ts';
import type { RefundStatus } from './refund-machine.ts';
import type { ReversalStatus } from './reversal-machine.ts';
import type { Caller } from '../accounts/index.ts';
import type { IdempotencyKey, Refused } from '../kernel/index.ts';

export interface AskedRefund {
  readonly kind: 'refund';
  readonly orderId: string;
  readonly caller: Caller;
  /** Minor units, as the client sent it: judged in phase 1, under one error code. */
  readonly amount?: unknown;
  readonly itemIds?: readonly string[];
  /** The buyer's own words. */
  readonly reason?: string;
  readonly idempotency?: IdempotencyKey;
}

/**
 * Of a refund that is a row, or that somebody asked for. Workflows that began before asks were kept have one in their
 * arguments as well, which nothing reads.
 */
export interface RefundRequest {
  readonly refundId: string;
}

/** What the HTTP answer to a refund is made of, without the buyer's own words: those are nothing for a history. */
export interface OpenedRefund {
  readonly refundId: string;
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly createdAt: string;
}

/** All of the answer, as it is kept for repeats of the call. */
export interface RefundAnswer extends OpenedRefund {
  readonly reason: string | null;
}

/** `bodyHash` lets the caller tell a repeat from a key that was used with another body. */
export type RefundOpening =
  | Refused
  | { readonly opened: OpenedRefund; readonly bodyHash: string | null; readonly status: RefundStatus };

/** What the PSP says of a refund, from a webhook or from a look-up. Only this ends a refund. */
export interface RefundReport {
  readonly status: 'succeeded' | 'failed';
  /** The PSP's id of the refund; ours, unless it was made elsewhere. */
  readonly providerRefundId: string | null;
  readonly message: string | null;
  /** When the PSP last changed the refund, by its clock: the only order of its words. Absent where it did not say. */
  readonly saidAt?: string;
  /** What the PSP gave back, in minor units. Absent where it did not say: then it is what it was asked for. */
  readonly done?: { readonly amountMinor: number; readonly currency: string };
}

/** What came of a look at the PSP for a refund that it never answered, and whose asking an operator wants ended. */
export type RefundLook =
  | { readonly kind: 'ended'; readonly status: RefundStatus; readonly message: string | null }
  /** The PSP has it, and its word decides. */
  | { readonly kind: 'known' }
  /** The PSP said before that it has it, and does not show it. */
  | { readonly kind: 'exists' }
  /** The PSP did not answer; nothing has changed. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly lookAgainInMs: number }
  /** The PSP does not know it. It is asked for no more, looked for again then, and fails if it is still not there. */
  | { readonly kind: 'missing'; readonly lookAgainAt: string; readonly lookAgainInMs: number };

/** What the PSP says of a dispute. Amounts in minor units. */
export interface DisputeReport {
  readonly providerDisputeId: string;
  /** `expired` leaves it open, in people's sight. */
  readonly status: 'open' | 'expired' | 'won' | 'cancelled' | 'lost';
  readonly amountMinor: number;
  readonly currency: string;
  /** The connector's id of it; absent where the PSP did not say. */
  readonly connectorDisputeId?: string;
  /** How far it has gone; absent where the PSP did not say. */
  readonly stage?: DisputeStage;
  /** When the PSP said so, by its clock. Absent where it did not say. */
  readonly saidAt?: string;
}

/** What happened to an order's money without us asking. Amounts in minor units. */
export type OutsideEvent =
  | {
      readonly kind: 'refund';
      readonly providerRefundId: string;
      /** Null where the PSP did not say: it is read there before anything is booked. */
      readonly amountMinor: number | null;
      readonly currency: string | null;
      /** When the PSP last changed it, where it said so. */
      readonly saidAt?: string;
    }
  /** Without more than its id it is read at the PSP. */
  | { readonly kind: 'dispute'; readonly news: DisputeReport | Pick<DisputeReport, 'providerDisputeId'> };

export interface AskedOrder {
  readonly kind: 'order';
  readonly buyerId: string;
  readonly productIds: readonly string[];
  readonly idempotency?: IdempotencyKey;
}

/** Of an order that is a row, or that somebody asked for. */
export interface OrderRequest {
  readonly orderId: string;
}

/** Without the client secret, which whoever reads histories could pay or cancel with: the row has it. */
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
  /** What the workflow knows of its row; `pending` until the PSP's word has ended it. */
  readonly status: string;
  /** As it is sent in the header, and as the PSP's log shows it. */
  readonly idempotencyKey: string;
}

/** The type of the failure by which a reversal's workflow refuses to look, while it is still at work. */
export const REVERSAL_AT_WORK = 'reversal_at_work';

/** What came of a look at Stripe for a reversal that a person had ended. `status` is the row's now. */
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
  /** Of one that failed: the PSP says that it can never be captured any more. */
  readonly dead?: true;
  /** The event named no amount or no currency: the payment is read at the PSP before anything is decided. */
  readonly unread?: true;
}
