import type { Hint } from '../kernel/index.ts';
import type { OutsideEvent } from '../marketplace/index.ts';

// What signals to a subscription say. They decide nothing, and name nobody and no card: the stored webhook has all.

/** The PSP said something of a payment of ours: an attempt, or a set-up payment. */
export interface PaymentNews {
  readonly paymentId: string;
}

/** A dispute of one of its payments, or a refund of it that was not asked of us. */
export type InvoiceEvent = OutsideEvent & PaymentNews;

/** What a run had heard and not read when it continued as new. */
export interface Undelivered {
  readonly payments: readonly Hint<PaymentNews>[];
  readonly events: readonly Hint<InvoiceEvent>[];
  /** An operator wants the PSP to be looked at now. */
  readonly isForced?: true;
}

export interface SubscriptionRequest {
  readonly subscriptionId: string;
  readonly undelivered?: Undelivered;
}
