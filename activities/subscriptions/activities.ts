import { joined } from '../../domain/kernel/index.ts';
import { createAskActivities } from './asks.ts';
import { createAttemptActivities } from './attempts.ts';
import type { SubscriptionDeps } from './deps.ts';
import { createInvoiceEventActivities } from './invoice-events.ts';
import { createPhantomActivities } from './phantoms.ts';
import { createRevenueActivities } from './revenue.ts';
import { createSettleActivities } from './settle.ts';
import { createSetupActivities } from './setups.ts';

export const createSubscriptionActivities = (deps: SubscriptionDeps) =>
  joined(
    'activities',
    createAskActivities(deps),
    createAttemptActivities(deps),
    createSetupActivities(deps),
    createSettleActivities(deps),
    createInvoiceEventActivities(deps),
    createRevenueActivities(deps),
    createPhantomActivities(deps),
  );
