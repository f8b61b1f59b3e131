import { continueAsNew, proxyActivities, setWorkflowOptions } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { catchStraySignals, settleMessages, startMails, STAYS_ON_ITS_VERSION } from '../kernel/index.ts';

const { wakeDeletions } = proxyActivities<Activities>({
  ...startMails,
  summary: 'Wakes deletions whose money has come to rest',
});

/** Each batch is some six events. */
const BATCHES_PER_RUN = 200;

export interface DeletionsRequest {
  /** What an earlier run leaves: the deletion behind which it goes on. */
  readonly after?: string | null;
}

/** Wakes deletions that wait for nothing any more, and starts those that are lost; by the schedule of this name. */
export async function deletions({ after = null }: DeletionsRequest): Promise<void> {
  const strays = catchStraySignals();
  let behind = after;
  for (let batches = 0; batches < BATCHES_PER_RUN; batches += 1) {
    behind = await wakeDeletions(behind);
    if (behind === null) break;
  }
  await settleMessages(strays);
  if (behind !== null) await continueAsNew<typeof deletions>({ after: behind });
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, deletions);
