import { continueAsNew, proxyActivities, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import {
  catchStraySignals,
  describe,
  settleMessages,
  settlementSlice,
  STAYS_ON_ITS_VERSION,
} from '../kernel/index.ts';

const { recogniseBatch } = proxyActivities<Activities>({
  ...settlementSlice,
  summary: 'Turns what was given of paid periods into revenue',
});

/** Each batch is some six events. */
const BATCHES_PER_RUN = 200;

/** What an earlier run leaves: the schedule behind which it goes on. Minor units, of all currencies together. */
export interface RevenueRequest {
  readonly after?: string | null;
  readonly looked?: number;
}

/** Recognises what was given of paid periods, batch by batch; daily, by the schedule of this name. */
export async function revenue({ after = null, looked = 0 }: RevenueRequest): Promise<{ looked: number }> {
  const strays = catchStraySignals();
  let behind = after;
  let count = looked;
  for (let batches = 0; batches < BATCHES_PER_RUN; batches += 1) {
    describe(
      ['Nothing: it ends by itself, and the next one goes on with what is left.'],
      [
        ['State', 'turning what was given of paid periods into revenue'],
        ['Schedules looked at', String(count)],
      ],
    );
    const batch = await recogniseBatch(behind);
    count += batch.looked;
    behind = batch.nextAfter;
    if (behind === null) {
      await settleMessages(strays);
      return { looked: count };
    }
  }
  await settleMessages(strays);
  return continueAsNew<typeof revenue>({ after: behind, looked: count });
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, revenue);
