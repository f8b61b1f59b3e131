import {
  ActivityFailure,
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
  setWorkflowOptions,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import {
  addBatch,
  type BegunSweep,
  beginReport,
  countLooks,
  lookedCount,
  type Phase,
  type PhaseReport,
  PHASES,
  type ReconcileReport,
  type ReconcileRequest,
} from '../../domain/reconcile/reconcile.ts';
import {
  aroundSweep,
  databaseVerb,
  LONGEST_ACTIVITY_MS,
  sweepBatch,
  STAYS_ON_ITS_VERSION,
  describe,
  catchStraySignals,
  settleMessages,
} from '../kernel/index.ts';
import { sweepProgress } from './messages.ts';

const { beginSweep } = proxyActivities<Activities>({
  ...aroundSweep,
  summary: 'Asks whose engine this is, and counts what a drain has before it',
});
const { adoptNamespace } = proxyActivities<Activities>({
  ...aroundSweep,
  summary: 'Writes down that this engine is ours',
});
const { endSweep } = proxyActivities<Activities>({
  ...aroundSweep,
  summary: 'Writes down that the sweep has ended',
});
const { listSweepRows } = proxyLocalActivities<Activities>(databaseVerb);
const { lookAtRows } = proxyActivities<Activities>({
  ...sweepBatch,
  summary: 'Looks at a batch of rows',
});

/** What is done whole where Temporal was rebuilt. */
const RESTARTS: readonly Phase[] = ['lost_work', 'overdue_subscriptions'];

/** Each batch is some sixteen events and its rows' ids: a run stays one that Temporal's UI shows at once. */
const BATCHES_PER_RUN = 25;

/**
 * Finds what is stuck: a batch of each phase, or everything in a drain. It only reads at the PSP, and notifies or
 * starts the workflows that decide. If it is stopped, the next sweep goes on with the rows that have waited longest
 * for a look.
 */
export async function reconcile(request: ReconcileRequest): Promise<ReconcileReport> {
  const { drain, carried, batchesPerRun = BATCHES_PER_RUN } = request;
  const asked = PHASES.filter((one) => (request.phases?.includes(one) ?? true) && isKnown(one));
  let begun: BegunSweep | null = carried?.begun ?? null;
  let report: ReconcileReport | null = carried?.report ?? null;
  let phase: Phase | null = carried?.phase ?? null;
  setHandler(sweepProgress, () => ({
    phase,
    looked: report ? lookedCount(report) : 0,
    total: begun?.total ?? null,
  }));
  const strays = catchStraySignals();

  begun ??= await beginSweep(asked, drain);
  const { engineRebuilt } = begun;
  // When Temporal was rebuilt, all work is lost, so these phases always run.
  const isRestart = (one: Phase) => engineRebuilt && RESTARTS.includes(one) && isKnown(one);
  const phases = PHASES.filter((one) => asked.includes(one) || isRestart(one));
  const lastRestart = phases.findLast(isRestart);
  report ??= beginReport(begun, phases);
  if (begun.off !== null) {
    describe([], [['State', `off: ${begun.off}`]]);
    await settleMessages(strays);
    return report;
  }

  let batches = 0;
  for (const current of phases.slice(phase === null ? 0 : phases.indexOf(phase))) {
    phase = current;
    const isWhole = drain || isRestart(current);
    let before: ReadonlySet<string> = new Set();
    for (;;) {
      if (batches > 0 && (batches >= batchesPerRun || workflowInfo().continueAsNewSuggested)) {
        await settleMessages(strays);
        await continueAsNew<typeof reconcile>({ ...request, carried: { begun, report, phase: current } });
      }
      showProgress(current, report, begun);
      const refs = await listSweepRows(current, begun, isWhole);
      // Rows that cannot be stamped keep their place in the queue: when only they are left, the phase ends.
      if (refs.every((ref) => before.has(ref))) break;
      before = new Set(refs);
      batches += 1;
      const terms = { phase: current, engineRebuilt, orphanGapMs: LONGEST_ACTIVITY_MS };
      report = addBatch(report, current, await lookAtRows(refs, terms).catch(givenUp(refs)));
      if (!isWhole) break;
    }
    if (current === lastRestart && everyRowWasDecided(report)) {
      await adoptNamespace(begun.namespaceId);
    }
  }
  phase = null;
  await endSweep(report, asked.length === PHASES.length);
  await settleMessages(strays);
  return report;
}
setWorkflowOptions(STAYS_ON_ITS_VERSION, reconcile);

/** A batch that no worker finishes does not stop the others. */
const givenUp =
  (refs: readonly string[]) =>
  (error: unknown): PhaseReport => {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    return countLooks(refs.map(() => ({ what: 'left', why: 'error' })));
  };

/** A sweep that was under way when a phase was added goes on without it. */
const isKnown = (phase: Phase): boolean => {
  if (phase === 'ended_orders') return patched('ended-orders');
  if (phase === 'stuck_invoices' || phase === 'overdue_subscriptions') return patched('subscriptions');
  return phase !== 'outside' || patched('outside-phase');
};

/**
 * Whether Temporal answered for every row. If not, the next sweep asks again about the others, and fails nothing
 * either.
 */
function everyRowWasDecided({ phases }: ReconcileReport): boolean {
  return RESTARTS.every((one) => !phases[one]?.why['engine_unavailable'] && !phases[one]?.why['error']);
}

function showProgress(phase: Phase, report: ReconcileReport, { total, engineRebuilt }: BegunSweep): void {
  describe(
    ['Nothing: it ends by itself. Terminated, the next one goes on with the rows that are left.'],
    [
      ['State', `looking at ${phase}`],
      ['Engine', engineRebuilt ? 'rebuilt: all open work is started again, nothing is failed' : null],
      ['Rows looked at', total === null ? String(lookedCount(report)) : `${lookedCount(report)} of ${total}`],
    ],
  );
}
