import {
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import {
  addLooks,
  NO_PHANTOMS,
  type PhantomReport,
  type PhantomRequest,
} from '../../domain/subscriptions/phantoms.ts';
import {
  catchStraySignals,
  databaseVerb,
  describe,
  settleMessages,
  STAYS_ON_ITS_VERSION,
  sweepBatch,
} from '../kernel/index.ts';
import { phantomProgress } from './messages.ts';

const { listPhantomSubscriptions } = proxyLocalActivities<Activities>(databaseVerb);
const { lookAtPhantoms } = proxyActivities<Activities>({
  ...sweepBatch,
  summary: 'Asks the PSP about a batch of subscriptions that nobody paid',
});

const BATCH_ROWS = 25;

/** Finds subscriptions that say they are in force and have no payment, and ends them; a dry run only counts. */
export async function phantoms(request: PhantomRequest): Promise<PhantomReport> {
  const { sweepId, dryRun, batchRows = BATCH_ROWS, carried } = request;
  let progress = carried?.progress ?? NO_PHANTOMS;
  let afterId = carried?.afterId ?? null;
  setHandler(phantomProgress, () => progress);
  const strays = catchStraySignals();
  for (;;) {
    describe(
      ['Nothing: it ends by itself. Terminated, it can be started again: what is ended stays ended.'],
      [
        ['State', dryRun ? 'a dry run: nothing is changed' : 'ending what nobody paid'],
        ['Looked at', String(progress.looked)],
        ['Expired', String(progress.expired)],
      ],
    );
    const ids = await listPhantomSubscriptions(afterId, batchRows);
    const last = ids.at(-1);
    if (last === undefined) break;
    if (afterId !== null && workflowInfo().continueAsNewSuggested) {
      await settleMessages(strays);
      await continueAsNew<typeof phantoms>({ ...request, carried: { afterId, progress } });
    }
    progress = addLooks(progress, await lookAtPhantoms(ids, sweepId, dryRun));
    afterId = last;
  }
  await settleMessages(strays);
  return { ...progress, sweepId, dryRun };
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, phantoms);
