import { type RecognisedBatch, recogniseRevenue } from '../../db/subscriptions/invoices/recognise.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { SubscriptionDeps } from './deps.ts';

/** Schedules in one transaction. */
const BATCH = 500;

export function createRevenueActivities({ db, settings, log }: SubscriptionDeps) {
  return {
    /** Recognises revenue of a batch of schedules, behind `after`. */
    recogniseBatch: (after: string | null): Promise<RecognisedBatch> =>
      whileHeartbeating(async () => {
        const batch = await recogniseRevenue(db, { after, limit: BATCH }, settings.billing);
        if (batch.looked > 0) log.info(batch, 'revenue recognised');
        return batch;
      }),
  };
}
