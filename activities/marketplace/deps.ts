import type { BackoffPolicy } from '../../domain/kernel/index.ts';
import type { FeePolicy } from '../../domain/marketplace/index.ts';
import type { Purchases } from '../../db/marketplace/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { Hyperswitch } from '../../providers/hyperswitch/client.ts';
import type { StripeClient } from '../../providers/stripe/client.ts';
import type { Config } from '../../config.ts';
import type { KernelDeps, RetrySettings } from '../kernel/index.ts';
import type { Inbox } from '../webhooks/index.ts';

const PSP_WAITING_AFTER_MS = 60_000;

export interface MarketplaceSettings {
  readonly psp: BackoffPolicy;
  /** After this time operators see that the PSP keeps a refund waiting. */
  readonly pspWaitingAfterMs: number;
  /** How long the PSP may have an object that its read side does not show. */
  readonly pspReadLagMs: number;
  /** How long Stripe may still make an object that its lists do not show. */
  readonly stripeReadLagMs: number;
  readonly transfer: RetrySettings;
  readonly reversal: RetrySettings;
  readonly platformFeeBps: number;
  /** The most pending orders of one buyer. */
  readonly openOrdersMax: number;
  readonly refundFeePolicy: FeePolicy;
  readonly refundWindowDays: number;
  readonly orderPaymentTimeoutMs: number;
  readonly stripeMaxRps: number;
}

export const marketplaceSettings = (config: Config): MarketplaceSettings => ({
  psp: { baseMs: config.PSP_RETRY_BASE, maxMs: config.PSP_RETRY_MAX },
  pspWaitingAfterMs: PSP_WAITING_AFTER_MS,
  pspReadLagMs: config.PSP_READ_LAG,
  stripeReadLagMs: config.STRIPE_READ_LAG,
  transfer: {
    enabled: config.TRANSFER_RETRY_WORKER_ENABLED,
    maxRetries: config.TRANSFER_RETRY_MAX_RETRIES,
    intervalMs: config.TRANSFER_RETRY_INTERVAL,
    baseMs: config.TRANSFER_RETRY_BACKOFF_BASE,
    maxMs: config.TRANSFER_RETRY_BACKOFF_MAX,
  },
  reversal: {
    enabled: config.REVERSAL_WORKER_ENABLED,
    maxRetries: config.REVERSAL_MAX_RETRIES,
    intervalMs: config.REVERSAL_CHECK_INTERVAL,
    baseMs: config.REVERSAL_BACKOFF_BASE,
    maxMs: config.REVERSAL_BACKOFF_MAX,
  },
  platformFeeBps: config.PLATFORM_FEE_BPS,
  openOrdersMax: config.OPEN_ORDERS_MAX,
  refundFeePolicy: config.REFUND_FEE_POLICY,
  refundWindowDays: config.REFUND_WINDOW_DAYS,
  orderPaymentTimeoutMs: config.ORDER_PAYMENT_TIMEOUT,
  stripeMaxRps: config.STRIPE_MAX_RPS,
});

export interface MarketplaceDeps extends KernelDeps {
  readonly engine: Engine;
  readonly psp: Hyperswitch;
  readonly stripe: StripeClient;
  readonly inbox: Pick<Inbox, 'dispatch'>;
  /** What refunds and disputes may be of. */
  readonly purchases: Purchases;
  readonly settings: MarketplaceSettings;
}
