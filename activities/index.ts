import type { HyperswitchReader } from '../providers/hyperswitch/client.ts';
import { createBackfillActivities } from './backfill.ts';
import type { Deps } from './deps.ts';
import { createOnboardingActivities } from './onboarding.ts';
import { createOrderActivities } from './orders.ts';
import { createPaymentActivities } from './payments.ts';
import { createPayoutActivities } from './payouts.ts';
import { createReconcileActivities } from './reconcile.ts';
import { createRefundLookActivities } from './refund-looks.ts';
import { createRefundActivities } from './refunds.ts';
import { createReversalActivities } from './reversals.ts';
import { createSignalActivities } from './signals.ts';
import { createStatementActivities } from './statements.ts';
import { createTransferActivities } from './transfers.ts';

/** Every side effect that workflows can have. */
export function createActivities(deps: Deps) {
  return {
    ...createOrderActivities(deps),
    ...createPaymentActivities(deps),
    ...createRefundActivities(deps),
    ...createRefundLookActivities(deps),
    ...createTransferActivities(deps),
    ...createReversalActivities(deps),
    ...createPayoutActivities(deps),
    ...createOnboardingActivities(deps),
    ...createBackfillActivities(deps),
    ...createReconcileActivities({ ...deps, psp: readerOf(deps.psp) }),
    ...createStatementActivities(deps),
    ...createSignalActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;

/** Not only by its type: what a sweep has in its hands cannot create. */
const readerOf = (psp: HyperswitchReader): HyperswitchReader => {
  const { readPayment, readRefund, listRefunds, listDisputes } = psp;
  return { readPayment, readRefund, listRefunds, listDisputes };
};
