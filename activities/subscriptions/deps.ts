import { type BillingTerms, billingTermsOf } from '../../domain/subscriptions/terms.ts';
import type { Purchases } from '../../db/marketplace/index.ts';
import type { Engine } from '../../engine/port/index.ts';
import type { Hyperswitch } from '../../providers/hyperswitch/client.ts';
import type { Config } from '../../config.ts';
import type { KernelDeps } from '../kernel/index.ts';
import type { MarketplaceSettings } from '../marketplace/index.ts';
import type { Inbox } from '../webhooks/index.ts';

export interface SubscriptionSettings extends Pick<MarketplaceSettings, 'psp'> {
  readonly billing: BillingTerms;
}

export const subscriptionSettings = (config: Config): Pick<SubscriptionSettings, 'billing'> => ({
  billing: billingTermsOf(config),
});

export interface SubscriptionDeps extends KernelDeps {
  readonly engine: Engine;
  readonly psp: Hyperswitch;
  readonly inbox: Pick<Inbox, 'dispatch'>;
  /** What refunds and disputes may be of. */
  readonly purchases: Purchases;
  readonly settings: SubscriptionSettings;
}
