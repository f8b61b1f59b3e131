import {
  ActivityFailure,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import {
  addUpkeepBatch,
  beginUpkeepReport,
  countUpkeepLooks,
  IN_DATABASE,
  SCHEDULED_UPKEEP,
  UPKEEP_PHASES,
  type UpkeepBatch,
  upkeepLooks,
  type UpkeepPhase,
  type UpkeepReport,
  type UpkeepRequest,
} from '../../domain/upkeep/upkeep.ts';
import {
  catchStraySignals,
  databaseVerb,
  describe,
  settleMessages,
  startMails,
  STAYS_ON_ITS_VERSION,
  upkeepRows,
} from '../kernel/index.ts';
import { upkeepProgress } from './messages.ts';

const { beginUpkeep, endUpkeep } = proxyLocalActivities<Activities>(databaseVerb);
const { upkeepBatch: lookInDatabase } = proxyLocalActivities<Activities>(upkeepRows);
const { upkeepBatch: lookAndStart } = proxyActivities<Activities>({
  ...startMails,
  summary: 'Starts what waits without a workflow',
});

/** A batch is one or two events in the database, and some six elsewhere. */
const BATCHES_PER_RUN = 200;

/**
 * Removes or forgets what is over, and starts what waits without a workflow: all that there is, phase after phase, in batches. What cannot
 * be removed is passed over. If it is stopped, the next upkeep begins anew: what is done is not there any more.
 */
export async function upkeep(request: UpkeepRequest): Promise<UpkeepReport> {
  const { carried, batchesPerRun = BATCHES_PER_RUN } = request;
  const phases = UPKEEP_PHASES.filter((one) => (request.phases?.includes(one) ?? true) && isKnown(one));
  let report = carried?.report ?? null;
  let phase: UpkeepPhase | null = carried?.phase ?? null;
  let cursor = carried?.cursor ?? null;
  setHandler(upkeepProgress, () => ({ phase, looked: report === null ? 0 : upkeepLooks(report) }));
  const strays = catchStraySignals();

  report ??= beginUpkeepReport(await beginUpkeep(), phases);
  const by = report.startedAt;
  let batches = 0;
  for (const current of phases.slice(phase === null ? 0 : phases.indexOf(phase))) {
    phase = current;
    const lookAt = IN_DATABASE.includes(current) ? lookInDatabase : lookAndStart;
    do {
      if (batches > 0 && (batches >= batchesPerRun || workflowInfo().continueAsNewSuggested)) {
        await settleMessages(strays);
        await continueAsNew<typeof upkeep>({ ...request, carried: { report, phase, cursor } });
      }
      showProgress(current, report);
      const batch: UpkeepBatch = await lookAt(current, by, cursor).catch(givenUp);
      batches += 1;
      report = addUpkeepBatch(report, current, batch.counts);
      cursor = batch.next;
    } while (cursor !== null);
  }
  phase = null;
  await endUpkeep(
    report,
    SCHEDULED_UPKEEP.every((one) => phases.includes(one)),
  );
  await settleMessages(strays);
  return report;
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, upkeep);

/** An upkeep that was under way when a phase was added goes on without it. */
const isKnown = (phase: UpkeepPhase): boolean =>
  (phase !== 'addresses' && phase !== 'bodies') || patched('phases-that-forget');

/** Rows behind a batch that no worker finishes cannot be known: its phase ends, and the others go on. */
function givenUp(error: unknown): UpkeepBatch {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
  return { counts: countUpkeepLooks([{ what: 'left', why: 'error' }]), next: null };
}

function showProgress(phase: UpkeepPhase, report: UpkeepReport): void {
  describe(
    ['Nothing: it ends by itself. Terminated, the next one goes on with what is left.'],
    [
      ['State', `looking at ${phase}`],
      ['Rows looked at', String(upkeepLooks(report))],
    ],
  );
}
