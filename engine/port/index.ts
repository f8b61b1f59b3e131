import type { MailEngine } from './accounts.ts';
import type { FreeTextOf, Impersonal } from './impersonal.ts';
import type { KernelEngine } from './kernel.ts';
import type { BackfillEngine, MarketplaceEngine } from './marketplace.ts';
import type { SellerEngine } from './payouts.ts';
import type { PrivacyEngine } from './privacy.ts';
import type { SweepEngine } from './reconcile.ts';
import type { SettlementEngine } from './settlements.ts';
import type { SubscriptionEngine } from './subscriptions.ts';
import type { UpkeepEngine } from './upkeep.ts';

export type { RefundLabel } from './marketplace.ts';
export { idOfSweep } from './reconcile.ts';
export { idOfUpkeep } from './upkeep.ts';

type Verbs = KernelEngine &
  MailEngine &
  MarketplaceEngine &
  BackfillEngine &
  SellerEngine &
  SweepEngine &
  SettlementEngine &
  SubscriptionEngine &
  UpkeepEngine &
  PrivacyEngine;

/**
 * The durable engine as the rest of the code knows it: verbs of the business instead of workflow options. Every method
 * throws VezaError `engine_unavailable` where Temporal cannot be reached or no worker answers in time.
 * A verb that takes free text does not compile: the error says which argument it is.
 */
export type Engine = Impersonal<Verbs, FreeTextOf<Verbs>>;
