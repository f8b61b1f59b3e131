import type { Order, Reconciled, Refund, Reversal, Transfer } from './api-client.ts';

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

/** What the play ends with. */
export interface Summary {
  readonly order: Order;
  readonly refund: Refund;
  readonly transfers: readonly (Transfer & { readonly reversals: readonly Reversal[] })[];
  /** A second order, of which a part was given back. */
  readonly partial_refund: PartialRefund;
  /** A third order's refund, whose webhook never came. */
  readonly lost_webhook: LostWebhook;
  readonly audit: {
    readonly violations: number;
    readonly invariants: readonly { number: number; violations: number }[];
  };
  readonly addresses: {
    readonly api: string;
    readonly docs: string;
    readonly ops_console: string;
    readonly temporal_ui: string | null;
    readonly hyperswitch_sandbox: string;
    readonly stripe_sandbox: string;
  };
}
