import { joined } from '../../domain/kernel/index.ts';
import type { PayoutDeps } from './deps.ts';
import { createOnboardingActivities } from './onboarding.ts';
import { createPayoutReportActivities } from './payout-reports.ts';
import { createPayoutActivities } from './payouts.ts';

export const createPayoutsActivities = (deps: PayoutDeps) =>
  joined(
    'activities',
    createPayoutActivities(deps),
    createPayoutReportActivities(deps),
    createOnboardingActivities(deps),
  );
