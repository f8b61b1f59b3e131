import { joined } from '../domain/kernel/index.ts';
import { createAccountsActivities } from './accounts/activities.ts';
import type { Deps } from './deps.ts';
import { createSignalActivities } from './kernel/signals.ts';
import { createMarketplaceActivities } from './marketplace/activities.ts';
import { createPayoutsActivities } from './payouts/activities.ts';
import { createExportActivities } from './privacy/export-activities.ts';
import { createPrivacyActivities } from './privacy/activities.ts';
import { createReconcileActivities } from './reconcile/activities.ts';
import { createSettlementActivities } from './settlements/activities.ts';
import { createSubscriptionActivities } from './subscriptions/activities.ts';
import { createUpkeepActivities } from './upkeep/activities.ts';

/** Every side effect that workflows can have. */
export const createActivities = (deps: Deps) =>
  joined(
    'activities',
    createSignalActivities(deps),
    createAccountsActivities(deps),
    createMarketplaceActivities(deps),
    createPayoutsActivities(deps),
    createReconcileActivities(deps),
    createSettlementActivities(deps),
    createSubscriptionActivities(deps),
    createUpkeepActivities(deps),
    createPrivacyActivities(deps),
    createExportActivities(deps),
  );

export type Activities = ReturnType<typeof createActivities>;
