import type { Logger } from 'pino';
import type { BackoffPolicy } from '../domain/kernel/index.ts';
import type { FeePolicy } from '../domain/marketplace/index.ts';
import type { Db } from '../db/client.ts';
import type { Engine } from '../engine/port/index.ts';
import type { Hyperswitch } from '../providers/hyperswitch/client.ts';
import type { StripeClient } from '../providers/stripe/client.ts';
import type { ReconcileDeps, ReconcileSettings, SweepInbox } from './reconcile/deps.ts';

export interface RetrySettings extends BackoffPolicy {
  /** Whether this worker serves this work at all. */
  readonly enabled: boolean;
  readonly maxRetries: number;
  /** How soon a worker that does not serve the work hands it back to be looked at again. */
  readonly intervalMs: number;
}

/** What operators may change between two attempts; never frozen into a history. */
export interface Settings {
  readonly psp: BackoffPolicy;
  /** From here on operators see that the PSP keeps a refund waiting. */
  readonly pspWaitingAfterMs: number;
  /** How long the PSP may have what its read side does not show. */
  readonly pspReadLagMs: number;
  /** How long Stripe may still make what its lists do not show. */
  readonly stripeReadLagMs: number;
  readonly transfer: RetrySettings;
  readonly reversal: RetrySettings;
  readonly platformFeeBps: number;
  /** Pending orders a buyer. */
  readonly openOrdersMax: number;
  readonly refundFeePolicy: FeePolicy;
  readonly refundWindowDays: number;
  readonly orderPaymentTimeoutMs: number;
  readonly stripeMaxRps: number;
  readonly payoutMinimumMinor: number;
  readonly reconcile: ReconcileSettings;
}

export interface Deps {
  readonly db: Db;
  readonly engine: Engine;
  readonly psp: Hyperswitch;
  readonly stripe: StripeClient;
  readonly inbox: SweepInbox;
  readonly settings: Settings;
  readonly log: Logger;
  readonly onLook?: ReconcileDeps['onLook'];
  readonly onBodiesDeleted?: ReconcileDeps['onBodiesDeleted'];
}
