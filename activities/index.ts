import type { Deps } from './deps.ts';
import { createOrderActivities } from './orders.ts';
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
    ...createSignalActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
