import { joined } from '../../domain/kernel/index.ts';
import { createBackfillActivities } from './backfill.ts';
import type { MarketplaceDeps } from './deps.ts';
import { createOrderActivities } from './orders.ts';
import { createOutsideReversalActivities } from './outside-reversals.ts';
import { createPaymentActivities } from './payments.ts';
import { createRefundLookActivities } from './refund-looks.ts';
import { createRefundActivities } from './refunds.ts';
import { createReversalActivities } from './reversals.ts';
import { createTransferActivities } from './transfers.ts';

export const createMarketplaceActivities = (deps: MarketplaceDeps) =>
  joined(
    'activities',
    createOrderActivities(deps),
    createPaymentActivities(deps),
    createRefundActivities(deps),
    createRefundLookActivities(deps),
    createTransferActivities(deps),
    createOutsideReversalActivities(deps),
    createReversalActivities(deps),
    createBackfillActivities(deps),
  );
