import type { Hint } from '../../domain/kernel/index.ts';
import type {
  AskAnswer,
  InvoiceEvent,
  PaymentNews,
  PhantomProgress,
  PhantomReport,
  SubscriptionStatus,
} from '../../domain/subscriptions/index.ts';
import type { Id } from './impersonal.ts';

/** Shown to operators. Minor units, of the price. */
export interface SubscriptionLabel {
  readonly subscriptionId: string;
  readonly planId: string;
  readonly status: SubscriptionStatus;
  readonly amountMinor: number;
  readonly currency: string;
}

/**
 * Paid subscriptions and trials; Free has no workflow. An ask is a row of `asks` before it is told here, and its answer
 * is kept there too: where no answer comes, the caller reads the row, and asks once more.
 */
export interface SubscriptionEngine {
  /**
   * Starts the subscription's workflow, or joins it, and opens the subscription by the ask. Waits for the PSP's answer to
   * its payment, 5 s at most.
   */
  subscribe(askId: Id, label: SubscriptionLabel): Promise<AskAnswer>;
  /** The same for an ask about a subscription that is there: to cancel, take back, change, pay, or put a card on file. */
  askSubscription(askId: Id, label: SubscriptionLabel): Promise<AskAnswer>;
  /** Starts the workflow of a subscription that is already a row; does nothing where it runs. */
  startSubscription(label: SubscriptionLabel): Promise<void>;
  /** Tells its workflow that its rows have changed. Starts one where none runs. */
  wakeSubscription(label: SubscriptionLabel): Promise<void>;
  /** Asks the PSP now about a payment that is under way. Starts a workflow where none runs. */
  retrySubscription(label: SubscriptionLabel): Promise<void>;
  /** Sends it a hint at the PSP's report of a payment. Starts a workflow where none runs, also of a dead subscription. */
  notifySubscriptionPayment(news: Hint<PaymentNews>, label: SubscriptionLabel): Promise<void>;
  /** Sends it a hint that money of an invoice moved without us. Starts a workflow where none runs. */
  notifySubscriptionOutside(event: Hint<InvoiceEvent>, label: SubscriptionLabel): Promise<void>;

  /** Starts a sweep of phantoms, or joins the one that runs. */
  startPhantomSweep(dryRun: boolean): Promise<void>;
  /** How far it is; null while no worker answers. */
  phantomProgress(dryRun: boolean): Promise<PhantomProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  phantomReport(dryRun: boolean): Promise<PhantomReport>;
}
