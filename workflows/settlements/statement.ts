import {
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type {
  MissingCursor,
  SettlementProgress,
  SettlementRequest,
} from '../../domain/settlements/settlement-file.ts';
import {
  databaseVerb,
  settlementSlice,
  describe,
  catchStraySignals,
  settleMessages,
} from '../kernel/index.ts';
import { settlementProgress } from './messages.ts';

const { readStatementState, endStatement } = proxyLocalActivities<Activities>(databaseVerb);
const { matchStatementRows } = proxyActivities<Activities>({
  ...settlementSlice,
  summary: 'Matches rows of the file',
});
const { missStatementRows } = proxyActivities<Activities>({
  ...settlementSlice,
  summary: 'Looks for what no row names',
});
const { forgetStatementClaims } = proxyActivities<Activities>({
  ...settlementSlice,
  summary: 'Removes the notes that the matching needed',
});

const BATCH_ROWS = 5_000;
/** A slice is some six events: well below what makes a history slow. */
const SLICES_PER_RUN = 500;

/**
 * Compares a loaded settlement file with our rows, and looks for rows of ours that it does not name. It changes only the
 * settlement file and its exceptions. The database keeps how far it is, so that it can be stopped and begun again at any
 * time.
 */
export async function statement(request: SettlementRequest): Promise<SettlementProgress> {
  const { statementId, batchRows = BATCH_ROWS, slicesPerRun = SLICES_PER_RUN } = request;
  let progress: SettlementProgress = { stage: 'matching', matched: 0, total: 0 };
  setHandler(settlementProgress, () => progress);
  const strays = catchStraySignals();
  const begun = await readStatementState(statementId);
  progress = { ...progress, matched: begun.matchedThrough, total: begun.rows };

  for (let slices = 0; progress.matched < begun.rows; slices += 1) {
    if (slices >= slicesPerRun || (slices > 0 && workflowInfo().continueAsNewSuggested)) {
      await settleMessages(strays);
      await continueAsNew<typeof statement>(request);
    }
    showProgress(progress);
    progress = { ...progress, matched: await matchStatementRows(statementId, batchRows) };
  }

  progress = { ...progress, stage: 'looking_for_missing' };
  showProgress(progress);
  if (!begun.isMissingKnown) {
    for (const kind of begun.covers) {
      // An exception is written once, so a run that begins this again repeats nothing.
      let after: MissingCursor | null = null;
      do after = await missStatementRows(statementId, { kind, after, limit: batchRows });
      while (after !== null);
    }
  }
  await forgetStatementClaims(statementId);
  await endStatement(statementId);
  progress = { ...progress, stage: 'ended' };
  showProgress(progress);
  await settleMessages(strays);
  return progress;
}

const STAGES: Readonly<Record<SettlementProgress['stage'], string>> = {
  matching: 'matching the rows of the file',
  looking_for_missing: 'looking for what no row names',
  ended: 'ended',
};

function showProgress({ stage, matched, total }: SettlementProgress): void {
  describe(
    stage === 'ended'
      ? []
      : [
          'Nothing: it ends by itself. Terminated, the same file given to the command again goes on where it was.',
        ],
    [
      ['State', STAGES[stage]],
      ['Rows matched', `${matched} of ${total}`],
    ],
  );
}
