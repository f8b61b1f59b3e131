import type { Engine } from '../../engine/port/index.ts';
import type { StripeClient } from '../../providers/stripe/client.ts';
import type { Config } from '../../config.ts';
import type { KernelDeps } from '../kernel/index.ts';
import type { MarketplaceSettings } from '../marketplace/index.ts';

/**
 * Payouts wait, and are looked for, as transfers are: TRANSFER_RETRY_* says for both how money on its way out of Stripe is
 * asked for again, so that one switch stops all of it.
 */
export interface PayoutSettings extends Pick<MarketplaceSettings, 'transfer' | 'stripeReadLagMs'> {
  readonly payoutMinimumMinor: number;
}

export const payoutSettings = (config: Config): Pick<PayoutSettings, 'payoutMinimumMinor'> => ({
  payoutMinimumMinor: config.PAYOUT_MINIMUM_MINOR,
});

export interface PayoutDeps extends KernelDeps {
  readonly engine: Engine;
  readonly stripe: StripeClient;
  readonly settings: PayoutSettings;
}
