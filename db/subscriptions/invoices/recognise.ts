import { and, asc, gt, lt, lte, or } from 'drizzle-orm';
import type { BillingTerms } from '../../../domain/subscriptions/terms.ts';
import type { Db } from '../../client.ts';
import { sumMinor } from '../../../domain/kernel/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { revenueSchedules } from './schema.ts';
import { recognise } from './schedules.ts';

export interface RecognisedBatch {
  /** Goes on behind this schedule; null where there is none. */
  readonly nextAfter: string | null;
  readonly looked: number;
  readonly recognisedMinor: number;
}

/**
 * Turns what was given in whole months (UTC), and what schedules that are over still hold, into revenue: one batch of
 * schedules, by id. Whoever does it again, on whatever day, finds it done. A schedule that somebody else holds waits
 * for the next day.
 */
export async function recogniseRevenue(
  db: Db,
  { after, limit }: { readonly after: string | null; readonly limit: number },
  { time }: Pick<BillingTerms, 'time'>,
): Promise<RecognisedBatch> {
  return db.transaction(async (tx) => {
    const now = await readBillingClock(tx, time);
    const monthMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
    const due = await tx
      .select()
      .from(revenueSchedules)
      .where(
        and(
          lt(revenueSchedules.recognisedMinor, revenueSchedules.amountMinor),
          or(lt(revenueSchedules.startsAt, new Date(monthMs)), lte(revenueSchedules.endsAt, now)),
          after === null ? undefined : gt(revenueSchedules.id, after),
        ),
      )
      .orderBy(asc(revenueSchedules.id))
      .limit(limit)
      .for('no key update', { skipLocked: true });
    const recognised: number[] = [];
    for (const schedule of due) {
      const isOver = schedule.endsAt <= now;
      recognised.push(await recognise(tx, schedule, isOver ? now.getTime() : monthMs));
    }
    return {
      nextAfter: due.length < limit ? null : (due.at(-1)?.id ?? null),
      looked: due.length,
      recognisedMinor: sumMinor(recognised),
    };
  });
}
