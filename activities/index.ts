import type { HyperswitchReader } from '../providers/hyperswitch/client.ts';
import { createBackfillActivities } from './marketplace/backfill.ts';
import type { Deps } from './deps.ts';
import { createOnboardingActivities } from './payouts/onboarding.ts';
import { createOrderActivities } from './marketplace/orders.ts';
import { createPaymentActivities } from './marketplace/payments.ts';
import { createPayoutActivities } from './payouts/payouts.ts';
import { createReconcileActivities } from './reconcile/sweep.ts';
import { createRefundLookActivities } from './marketplace/refund-looks.ts';
import { createRefundActivities } from './marketplace/refunds.ts';
import { createReversalActivities } from './marketplace/reversals.ts';
import { createSignalActivities } from './kernel/signals.ts';
import { createStatementActivities } from './settlements/statements.ts';
import { createTransferActivities } from './marketplace/transfers.ts';

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
