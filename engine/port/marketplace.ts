import type { Hint } from '../../domain/kernel/index.ts';
import type {
  BackfillProgress,
  BackfillReport,
  OrderPlacing,
  OrderRequest,
  OutsideEvent,
  PaymentReport,
  RefundLook,
  RefundOpening,
  RefundRequest,
  RefundReport,
  ReversalAdoption,
} from '../../domain/marketplace/index.ts';

// Labels are amounts and parties for the eyes of operators: the summary and search attributes of a workflow. Minor units.

export interface OrderLabel {
  readonly amountMinor: number;
  readonly currency: string;
}
export interface RefundLabel {
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
}
export interface TransferLabel extends RefundLabel {
  readonly transferId: string;
  readonly sellerId: string;
}
export interface ReversalLabel extends TransferLabel {
  readonly reversalId: string;
  readonly refundId: string | null;
}

/** Orders, refunds, transfers and their reversals. */
export interface MarketplaceEngine {
  /** Starts the order's workflow, or joins it, and waits until the PSP has answered, 5 s at most. */
  placeOrder(request: OrderRequest, label: OrderLabel): Promise<OrderPlacing>;
  /** Starts the workflow of an order that is already a row; does nothing where it runs. */
  startOrder(orderId: string, label: OrderLabel): Promise<void>;
  /** Hints at the PSP's word to the order's workflow; starts one where none runs. */
  notifyOrder(orderId: string, fact: Hint<PaymentReport>, label: OrderLabel): Promise<void>;
  /** Hints at what happened to an order's money without us to the order's workflow; starts one where none runs. */
  notifyOrderOutside(orderId: string, event: Hint<OutsideEvent>, label: OrderLabel): Promise<void>;

  /** Starts the refund's workflow, or joins the one that runs, and waits for phase 1 alone. */
  requestRefund(request: RefundRequest, label: RefundLabel): Promise<RefundOpening>;
  /** Starts the workflow of a refund that is already a row; does nothing where it runs. */
  startRefund(refundId: string, label: RefundLabel): Promise<void>;
  /** Hints at the PSP's word to the refund's workflow; starts one where none runs. */
  notifyRefund(refundId: string, said: Hint<RefundReport>, label: RefundLabel): Promise<void>;
  /**
   * The PSP never answered a refund, and an operator wants it ended: has its workflow look at the PSP, ask no more, and
   * waits for what the look found. Starts one where none runs.
   */
  endRefundAsking(refundId: string, label: RefundLabel): Promise<RefundLook>;
  /** Tells a refund's running workflow that its PSP has been silent for long. Does nothing where none runs. */
  markRefundWaiting(refundId: string, note: { attempt: number; lastError: string }): Promise<void>;

  /** Starts a transfer's workflow; does nothing where it runs. */
  startTransfer(label: TransferLabel): Promise<void>;
  /** Wakes a transfer that waits: its next attempt is now. Starts its workflow where none runs. */
  retryTransfer(label: TransferLabel): Promise<void>;
  /** Stripe lists reversals of a transfer that are not ours: its workflow books them. Starts one where none runs. */
  notifyOutsideReversals(label: TransferLabel, stripeTransferId: string): Promise<void>;

  /** Starts a reversal's workflow; does nothing where it runs. */
  startReversal(label: ReversalLabel): Promise<void>;
  /** Wakes a reversal that waits: its next attempt is now. Starts its workflow where none runs. */
  retryReversal(label: ReversalLabel): Promise<void>;
  /**
   * A person had ended a reversal: has its workflow look whether Stripe carried it out after all, and waits for what came
   * of it. Starts one where none runs.
   */
  adoptReversal(label: ReversalLabel): Promise<ReversalAdoption>;
}

/** The backfill of transfer ids, as whoever started it follows it. A dry run is one of its own. */
export interface BackfillEngine {
  /** Starts it, or joins the one that runs. */
  startBackfill(dryRun: boolean): Promise<void>;
  /** How far it is; null while no worker answers. */
  backfillProgress(dryRun: boolean): Promise<BackfillProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  backfillReport(dryRun: boolean): Promise<BackfillReport>;
}
