import type { Invoice, Order, Reconciled, Refund, Reversal, Transfer } from './api-client.ts';

export interface PartialRefund {
  readonly order: Order;
  readonly refund: Refund;
  readonly transfers: readonly Transfer[];
}

export interface LostWebhook {
  readonly refund: Refund;
  /** What the sweep that found it answered. */
  readonly reconcile: Reconciled;
}

export interface PlayedSubscription {
  readonly id: string;
  /** In the order in which they were written. */
  readonly invoices: readonly Invoice[];
  /** Charges of the card on file that its bank declined. */
  readonly declined: number;
  /** What the subscriber was told, by the mails' kinds, in that order. */
  readonly mails: readonly string[];
}

export interface PlayedAccount {
  readonly id: string;
  /** How its session was proved. */
  readonly amr: readonly string[];
  /** What they made of themselves. */
  readonly role: string;
  /** The code that the stolen refresh token was refused with. */
  readonly stolen: string;
  /** What the session's own tokens were refused with from then on. */
  readonly after_theft: readonly string[];
  /** Null where no stand-in plays a provider. */
  readonly by_provider: {
    readonly provider: string;
    readonly is_verified: boolean;
    readonly amr: readonly string[];
  } | null;
}

/** What the play ends with. */
export interface Summary {
  readonly order: Order;
  readonly refund: Refund;
  readonly transfers: readonly (Transfer & { readonly reversals: readonly Reversal[] })[];
  /** A second order, of which a part was given back. */
  readonly partial_refund: PartialRefund;
  /** A third order's refund, whose webhook never came. */
  readonly lost_webhook: LostWebhook;
  /** Null where billing time runs as fast as the clock: a month would be one. */
  readonly subscription: PlayedSubscription | null;
  readonly account: PlayedAccount;
  readonly audit: {
    readonly violations: number;
    readonly invariants: readonly { number: number; violations: number }[];
  };
  readonly addresses: {
    readonly api: string;
    readonly docs: string;
    readonly ops_console: string;
    readonly temporal_ui: string | null;
    readonly mails: string | null;
    readonly hyperswitch_sandbox: string;
    readonly stripe_sandbox: string;
  };
}
