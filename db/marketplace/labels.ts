import { purchaseOf } from './purchase.ts';
import type { Refund } from './refunds/schema.ts';
import type { Reversal, Transfer } from './transfers/schema.ts';

/** Names follow-up work to the engine and to operators. Minor units. */
export const refundLabel = (refund: Pick<Refund, 'orderId' | 'invoiceId' | 'amountMinor' | 'currency'>) => ({
  purchase: purchaseOf(refund),
  amountMinor: refund.amountMinor,
  currency: refund.currency,
});

/** A refund that gives a payment back, whose workflow is to be started. */
export interface GiveBackWork {
  readonly refundId: string;
  readonly label: ReturnType<typeof refundLabel>;
}

export const transferLabel = (
  transfer: Pick<Transfer, 'id' | 'orderId' | 'sellerId' | 'amountMinor' | 'currency'>,
) => ({
  transferId: transfer.id,
  orderId: transfer.orderId,
  sellerId: transfer.sellerId,
  amountMinor: transfer.amountMinor,
  currency: transfer.currency,
});
export type TransferWork = ReturnType<typeof transferLabel>;

export const reversalLabel = (
  transfer: Parameters<typeof transferLabel>[0],
  reversal: Pick<Reversal, 'id' | 'refundId' | 'amountMinor'>,
) => ({
  ...transferLabel(transfer),
  amountMinor: reversal.amountMinor,
  reversalId: reversal.id,
  refundId: reversal.refundId,
});
export type ReversalWork = ReturnType<typeof reversalLabel>;

/** A subscription that a settlement ended, whose workflow has to look again; the price in minor units. */
export interface SubscriptionWork {
  readonly subscriptionId: string;
  readonly planId: string;
  readonly status: 'expired';
  readonly amountMinor: number;
  readonly currency: string;
}

/** What a settlement calls for, after its commit. */
export interface SettledRefund {
  /** It was settled before: somebody may be at this work already. */
  readonly isRepeat?: true;
  /** Reversals that it opened, or of a repeat found open. */
  readonly reversals: readonly ReversalWork[];
  /** Transfers whose workflow waits for something that this refund changed. */
  readonly transfers: readonly TransferWork[];
  /** Of an invoice. Its sweep finds it too, so a repeat has none. */
  readonly ended?: SubscriptionWork;
}
