import type { Logger } from 'pino';
import type { Db } from '../../db/client.ts';
import type { WebhookOutcome } from '../../db/webhooks/index.ts';
import type { Look, Phase } from '../../domain/reconcile/reconcile.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { HyperswitchReader } from '../../providers/hyperswitch/client.ts';
import type { DisputeEvent, PaymentEvent, RefundEvent } from '../../providers/webhooks/hyperswitch-event.ts';

/** What the inbox made of something; see inbox/dispatched.ts. */
export interface Told {
  readonly outcome: WebhookOutcome;
  readonly note: string | null;
  readonly workflowId?: string;
}

/** The inbox, as the composition root hands it down: the same dispatcher that webhooks go through. */
export interface SweepInbox {
  /** Dispatches what the PSP's webhook would have said. */
  dispatch(event: RefundEvent | PaymentEvent | DisputeEvent): Promise<Told>;
  /** Dispatches a stored webhook again; null where it has been handed on meanwhile. */
  redrive(webhookId: string): Promise<Told | null>;
}

export interface ReconcileSettings {
  /** Why this worker does not sweep; null where it does. */
  readonly off: string | null;
  readonly orderStuckAfterMs: number;
  readonly refundStuckAfterMs: number;
  readonly refundOrphanAfterMs: number;
  /** Rows a phase and tick. */
  readonly batch: number;
  /** Rows that are looked at at a time. */
  readonly concurrency: number;
  /** How long the body of a webhook is kept after it was processed. */
  readonly webhookBodyRetentionMs: number;
}

/** All that a sweep has. It reads at the PSP: there is no method here that could create anything there. */
export interface ReconcileDeps {
  readonly db: Db;
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
  >;
  readonly psp: HyperswitchReader;
  readonly inbox: SweepInbox;
  readonly settings: {
    readonly reconcile: ReconcileSettings;
    /** How long the PSP may have what its read side does not show. */
    readonly pspReadLagMs: number;
  };
  readonly log: Logger;
  /** Learns what became of each row; the composition root counts it. */
  /** Learns how many bodies of webhooks went. */
  readonly onBodiesDeleted?: (count: number) => void;
  readonly onLook?: (phase: Phase, what: Look['what']) => void;
}
