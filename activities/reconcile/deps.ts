import type { Look, Phase } from '../../domain/reconcile/reconcile.ts';
import { type BillingTerms, billingTermsOf } from '../../domain/subscriptions/index.ts';
import type { Purchases } from '../../db/marketplace/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { HyperswitchReader } from '../../providers/hyperswitch/client.ts';
import type { Config } from '../../config.ts';
import type { KernelDeps } from '../kernel/index.ts';
import type { Inbox } from '../webhooks/index.ts';

export interface ReconcileSettings {
  /** Why this worker does not sweep; null where it does. */
  readonly off: string | null;
  readonly orderStuckAfterMs: number;
  readonly refundStuckAfterMs: number;
  readonly refundOrphanAfterMs: number;
  readonly invoiceStuckAfterMs: number;
  readonly billing: BillingTerms;
  /** Rows of each phase in one sweep. */
  readonly batch: number;
  /** Rows that are looked at at a time. */
  readonly concurrency: number;
}

export const reconcileSettings = (config: Config): { readonly reconcile: ReconcileSettings } => ({
  reconcile: {
    off: config.RECONCILE_WORKER_ENABLED ? null : 'RECONCILE_WORKER_ENABLED is false',
    orderStuckAfterMs: config.RECONCILE_ORDER_STUCK_AFTER,
    refundStuckAfterMs: config.RECONCILE_REFUND_STUCK_AFTER,
    refundOrphanAfterMs: config.RECONCILE_REFUND_ORPHAN_AFTER,
    invoiceStuckAfterMs: config.RECONCILE_INVOICE_STUCK_AFTER,
    billing: billingTermsOf(config),
    batch: config.RECONCILE_BATCH,
    concurrency: config.RECONCILE_CONCURRENCY,
  },
});

/** All that a sweep has. It reads at the PSP: there is no method here that could create anything there. */
export interface ReconcileDeps extends KernelDeps {
  readonly engine: Pick<
    Engine,
    | 'isRunning'
    | 'waitsForWorker'
    | 'namespaceId'
    | 'startOrder'
    | 'startRefund'
    | 'startTransfer'
    | 'startReversal'
    | 'startPayout'
    | 'wakeSubscription'
  >;
  readonly psp: HyperswitchReader;
  readonly inbox: Inbox;
  /** What a refund that is failed may be of. */
  readonly purchases: Purchases;
  readonly settings: {
    readonly reconcile: ReconcileSettings;
    /** How long the PSP may have an object that its read side does not show. */
    readonly pspReadLagMs: number;
  };
  /** Called with what became of each row; the composition root counts it. */
  readonly onLook?: (phase: Phase, what: Look['what']) => void;
}
