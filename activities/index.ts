import { createBackfillActivities } from './backfill.ts';
import type { Deps } from './deps.ts';
import { createOnboardingActivities } from './onboarding.ts';
import { createOrderActivities } from './orders.ts';
import { createPayoutActivities } from './payouts.ts';
import { createRefundActivities } from './refunds.ts';
import { createReversalActivities } from './reversals.ts';
import { createSignalActivities } from './signals.ts';
import { createTransferActivities } from './transfers.ts';

/** Every side effect that workflows can have. */
export function createActivities(deps: Deps) {
  return {
    ...createOrderActivities(deps),
    ...createRefundActivities(deps),
    ...createTransferActivities(deps),
    ...createReversalActivities(deps),
    ...createPayoutActivities(deps),
    ...createOnboardingActivities(deps),
    ...createBackfillActivities(deps),
    ...createSignalActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
