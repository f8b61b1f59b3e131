import type { PayoutDeps } from './deps.ts';
import { createOnboardingActivities } from './onboarding.ts';
import { createPayoutActivities } from './payouts.ts';

export const createPayoutsActivities = (deps: PayoutDeps) => ({
  ...createPayoutActivities(deps),
  ...createOnboardingActivities(deps),
});
