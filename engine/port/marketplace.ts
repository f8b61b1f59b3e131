import type { Hint, Wordless } from '../../domain/kernel/index.ts';
import type {
  BackfillProgress,
  BackfillReport,
  OrderPlacing,
  OrderRequest,
  OutsideEvent,
  PaymentReport,
  PurchaseRef,
  RefundLook,
  RefundOpening,
  RefundRequest,
  RefundReport,
  ReversalAdoption,
} from '../../domain/marketplace/index.ts';
import type { Code, Id } from './impersonal.ts';

// Labels show operators amounts and parties, in a workflow's summary and search attributes. Minor units.

export interface OrderLabel {
  readonly amountMinor: number;
  readonly currency: string;
}
export interface RefundLabel {
  readonly purchase: PurchaseRef;
  readonly amountMinor: number;
  readonly currency: string;
}
export interface TransferLabel {
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
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
  startOrder(orderId: Id, label: OrderLabel): Promise<void>;
  /** Sends the order's workflow a hint at the PSP's report; starts one where none runs. */
  notifyOrder(orderId: Id, fact: Hint<Wordless<PaymentReport>>, label: OrderLabel): Promise<void>;
  /** Sends the order's workflow a hint that its money moved without us; starts one where none runs. */
  notifyOrderOutside(orderId: Id, event: Hint<OutsideEvent>, label: OrderLabel): Promise<void>;

  /** Starts the refund's workflow, or joins the one that runs, and waits only for phase 1. */
  requestRefund(request: RefundRequest, label: RefundLabel): Promise<RefundOpening>;
  /** Starts the workflow of a refund that is already a row; does nothing where it runs. */
  startRefund(refundId: Id, label: RefundLabel): Promise<void>;
  /** Sends the refund's workflow a hint at the PSP's report; starts one where none runs. */
  notifyRefund(refundId: Id, said: Hint<Wordless<RefundReport>>, label: RefundLabel): Promise<void>;
  /**
   * For a refund that the PSP never answered and an operator wants to end: its workflow looks at the PSP and asks no
   * more. Waits for what the look found. Starts a workflow where none runs.
   */
  endRefundAsking(refundId: Id, label: RefundLabel): Promise<RefundLook>;
  /** Notifies a refund's running workflow that the PSP has been silent for long. Does nothing where none runs. */
  markRefundWaiting(
    refundId: Id,
    note: { readonly attempt: number; readonly lastError: Code },
  ): Promise<void>;

  /** Starts a transfer's workflow; does nothing where it runs. */
  startTransfer(label: TransferLabel): Promise<void>;
  /** Wakes a transfer that waits: its next attempt is now. Starts its workflow where none runs. */
  retryTransfer(label: TransferLabel): Promise<void>;
  /** Stripe lists reversals of a transfer that are not ours: its workflow books them. Starts one where none runs. */
  notifyOutsideReversals(label: TransferLabel, stripeTransferId: Id): Promise<void>;

  /** Starts a reversal's workflow; does nothing where it runs. */
  startReversal(label: ReversalLabel): Promise<void>;
  /** Wakes a reversal that waits: its next attempt is now. Starts its workflow where none runs. */
  retryReversal(label: ReversalLabel): Promise<void>;
  /**
   * For a reversal that a person had ended: its workflow looks whether Stripe carried it out after all. Waits for
   * what the look found. Starts a workflow where none runs.
   */
  adoptReversal(label: ReversalLabel): Promise<ReversalAdoption>;
}

/** The backfill of transfer ids, for those who start and follow it. A dry run has a workflow of its own. */
export interface BackfillEngine {
  /** Starts it, or joins the one that runs. */
  startBackfill(dryRun: boolean): Promise<void>;
  /** How far it is; null while no worker answers. */
  backfillProgress(dryRun: boolean): Promise<BackfillProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  backfillReport(dryRun: boolean): Promise<BackfillReport>;
}
