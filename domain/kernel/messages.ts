import type { Refusal } from './errors.ts';
import type { DisputeStage } from '../marketplace/dispute-machine.ts';
import type { PayoutStatus } from '../payouts/payout-machine.ts';
import type { RefundStatus } from '../marketplace/refund-machine.ts';
import type { ReversalStatus } from '../marketplace/reversal-machine.ts';
import type { Caller } from '../accounts/roles.ts';

// What processes tell workflows and workflows answer. Plain JSON, ids instead of rows, amounts in minor units as safe
// integers, times as ISO 8601 strings: this is what ends up in histories.

/** An `Idempotency-Key` header, with whom and what it belongs to. */
export interface IdempotencyKey {
  /** Caller, route and subject. */
  readonly scope: string;
  readonly key: string;
  readonly bodyHash: string;
}

/** An operator's answer as it is kept under a key: what was shown, and the work that the engine was told of. JSON. */
export interface KeptAnswer {
  readonly shown: unknown;
  readonly work: unknown;
  /** What was shown is the approval that it waits for. */
  readonly awaits?: boolean;
}

export type Refused = { readonly refused: Refusal };

/**
 * What a signal says. Whoever reaches Temporal can send one, so it decides nothing (ADR 18): `webhookId` names the row of
 * `webhook_events` whose signature was verified, which the deciding activity reads anew. Without it the provider is asked.
 */
export type Hint<Report> = Report & { readonly webhookId?: string };

/**
 * By what an activity decides: what the workflow's own activities found out, or a stored webhook that a signal named; null
 * where it named none.
 */
export type Evidence<Report> = { readonly known: Report } | { readonly webhookId: string | null };

/**
 * What somebody asked of the API, as it keeps it before the engine is told (`db/kernel/keep-ask.ts`). It never goes through
 * the engine: whoever reaches Temporal could ask for others.
 */
export type Ask = AskedOrder | AskedRefund | AskedPayout;

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
export interface RefundVerdict {
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
export interface DisputeNews {
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
  | { readonly kind: 'dispute'; readonly news: DisputeNews | Pick<DisputeNews, 'providerDisputeId'> };

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

/** What a transfer or a reversal came to, or when its next attempt is. */
export type Attempt<Status extends string> =
  | {
      readonly ended: true;
      readonly status: Status;
      readonly message: string | null;
      readonly retryCount: number;
      readonly idempotencyKey?: string | null;
    }
  | {
      readonly ended: false;
      readonly retryCount: number;
      readonly nextAttemptAt: string;
      readonly delayMs: number;
      readonly lastError: string | null;
      /** What it waits for without counting attempts. */
      readonly waitingFor: string | null;
      /** Of the idempotency key that the next attempt uses. */
      readonly generation: number;
      /** The key of the last call, as Stripe's log shows it. Histories from before it was shown lack it. */
      readonly idempotencyKey?: string | null;
    };

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

export interface AttemptRequest {
  /** Of the idempotency key that the workflow shows, from 1. It decides nothing: the row has the key, and says when it needs a new one. */
  readonly generation: number;
  /** An operator, or money that came, does not want to wait for the next due time. */
  readonly now: boolean;
}

/** What the PSP says of a payment. Only this completes or fails an order. */
export interface PaymentFact {
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

export interface AskedPayout {
  readonly kind: 'payout';
  readonly sellerId: string;
  /** Minor units, as the client sent it: judged under lock, under one error code. Absent: all that is available. */
  readonly amount?: unknown;
  /** ISO 4217, upper case. Absent: the only currency that the seller has. */
  readonly currency?: string;
  readonly idempotency?: IdempotencyKey;
}

/** Of a payout that is a row, or that somebody asked for. */
export interface PayoutRequest {
  readonly payoutId: string;
  /** Of the idempotency key that is shown until the first attempt; kept when the workflow continues as new. */
  readonly generation?: number;
}

/** What the HTTP answer to a payout is made of; the same for every repeat of the call. */
export interface OpenedPayout {
  readonly payoutId: string;
  readonly sellerId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly createdAt: string;
}

/** `bodyHash` lets the caller tell a repeat from a key that was used with another body. */
export type PayoutOpening =
  | Refused
  | { readonly opened: OpenedPayout; readonly bodyHash: string | null; readonly status: PayoutStatus };

/** What Stripe says of a payout, from a webhook or from a look-up. Only this ends a payout that Stripe has. */
export interface PayoutWord {
  readonly status: 'paid' | 'failed';
  readonly stripePayoutId: string;
  readonly message: string | null;
}

/** What a seller wants of Stripe's onboarding. */
export interface OnboardingAsk {
  /** ISO 3166-1 alpha-2, for an account that is not there yet. */
  readonly country?: string;
  /** Whether an account may be made; otherwise there has to be one. */
  readonly mayCreate: boolean;
  /** Of the row that says where Stripe's forms lead; absent in what was asked before there was one. */
  readonly linkAskId?: string;
}

/** The link itself is in its row: whoever reads histories could use it. */
export type OnboardingAnswer = Refused | { readonly stripeAccountId: string };
