import type { Config } from '../config.ts';
import { type AccountsDeps, accountsSettings } from './accounts/deps.ts';
import type { FileDeps, KernelDeps } from './kernel/index.ts';
import { type MarketplaceDeps, marketplaceSettings } from './marketplace/deps.ts';
import { type PayoutDeps, payoutSettings } from './payouts/deps.ts';
import { type ExportDeps, exportSettings } from './privacy/export-deps.ts';
import { type DeletionDeps, privacySettings } from './privacy/deps.ts';
import { type ReconcileDeps, reconcileSettings } from './reconcile/deps.ts';
import type { SettlementDeps } from './settlements/deps.ts';
import { type SubscriptionDeps, subscriptionSettings } from './subscriptions/deps.ts';
import { type UpkeepDeps, upkeepSettings } from './upkeep/deps.ts';

export type Deps = KernelDeps &
  FileDeps &
  AccountsDeps &
  MarketplaceDeps &
  PayoutDeps &
  ReconcileDeps &
  SettlementDeps &
  SubscriptionDeps &
  UpkeepDeps &
  DeletionDeps &
  ExportDeps;

/** Settings that operators may change between two attempts; histories never freeze them. */
export type Settings = Deps['settings'];

export const settingsOf = (config: Config): Settings => ({
  ...accountsSettings(config),
  ...marketplaceSettings(config),
  ...payoutSettings(config),
  ...subscriptionSettings(config),
  ...reconcileSettings(config),
  ...upkeepSettings(config),
  ...privacySettings(config),
  ...exportSettings(config),
});
