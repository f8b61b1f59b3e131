import {
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import {
  addOutcomes,
  type BackfillReport,
  type BackfillRequest,
  beginReport,
  unmatchedCount,
} from '../../domain/marketplace/backfill.ts';
import {
  backfillBatch,
  databaseVerb,
  MOVES_TO_NEW_VERSIONS,
  describe,
  catchStraySignals,
  settleMessages,
} from '../kernel/index.ts';
import { backfillProgress } from './messages.ts';

const { countTransfersWithoutId, listTransfersWithoutId } = proxyLocalActivities<Activities>(databaseVerb);
const { matchTransferIds } = proxyActivities<Activities>({
  ...backfillBatch,
  summary: 'Looks a batch of transfers up at Stripe',
});

const BATCH_ROWS = 50;
/** Each batch is some eight events, and its findings: well below what makes a history slow. */
const BATCHES_PER_RUN = 200;

/**
 * Finds Stripe's ids of transfers that an older system sent, row by row in the order of their ids. Ids that are
 * written stay, so it can be stopped and begun again at any time.
 */
export async function backfillTransferIds(request: BackfillRequest): Promise<BackfillReport> {
  const { dryRun, batchRows = BATCH_ROWS, batchesPerRun = BATCHES_PER_RUN, carried } = request;
  let report = carried?.report ?? beginReport(dryRun, 0);
  let afterId = carried?.afterId ?? null;
  setHandler(backfillProgress, () => {
    const { findings: _, ...progress } = report;
    return progress;
  });
  const strays = catchStraySignals();
  if (carried === undefined) report = beginReport(dryRun, await countTransfersWithoutId());

  for (let batches = 0; ; batches += 1) {
    showProgress(report);
    // The history has the batch before work on it begins, so a repeat knows which rows had no id.
    const ids = await listTransfersWithoutId({ afterId, limit: batchRows });
    const last = ids.at(-1);
    if (last === undefined) break;
    if (afterId !== null && (batches >= batchesPerRun || workflowInfo().continueAsNewSuggested)) {
      await settleMessages(strays);
      await continueAsNew<typeof backfillTransferIds>({ ...request, carried: { afterId, report } });
    }
    report = addOutcomes(report, await matchTransferIds(ids, dryRun));
    afterId = last;
  }
  await settleMessages(strays);
  return report;
}
setWorkflowOptions(MOVES_TO_NEW_VERSIONS, backfillTransferIds);

function showProgress(report: BackfillReport): void {
  describe(
    ['Nothing: it ends by itself. Terminated, it can be started again: what is written stays written.'],
    [
      ['State', report.dryRun ? 'a dry run: nothing is written' : 'writing ids where exactly one fits'],
      ['Looked up', `${report.looked} of ${report.total}`],
      ['Matched', String(report.matched)],
      ['Without a match', String(unmatchedCount(report))],
    ],
  );
}
