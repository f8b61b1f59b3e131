import { eraseAccount } from '../../db/privacy/erasing/erase-account.ts';
import { type BegunStep, beginStep, endStep } from '../../db/privacy/erasing/steps.ts';
import { deletionWorkflowId } from '../../domain/privacy/ids.ts';
import type { ErasingStep } from '../../domain/privacy/erasing-steps.ts';
import type { PrivacyDeps } from './deps.ts';
import { eraseFiles } from './erase-files.ts';
import { eraseHistories } from './erase-histories.ts';
import { erasePersonalRows, type RowsProgress } from './erase-rows.ts';
import { revokeTokens } from './revoke-tokens.ts';
import { writeTombstone } from './write-tombstone.ts';

export interface ErasingAsk {
  readonly deletionId: string;
  readonly step: ErasingStep;
}

/** What a step does. Returns a code of what it could not do. Each may run twice, and from anywhere. */
type Step = (deps: PrivacyDeps, begun: BegunStep, progress: Progress) => Promise<string | null>;

export interface Progress {
  /** How far an earlier attempt came, as its last heartbeat told. */
  readonly before: RowsProgress | undefined;
  tell(at: RowsProgress): void;
}

const STEPS: Readonly<Record<ErasingStep, Step>> = {
  provider_tokens: revokeTokens,
  files: eraseFiles,
  rows: erasePersonalRows,
  histories: eraseHistories,
  tombstone: writeTombstone,
  // What was written since the rows went goes in batches first, so that the last transaction finds next to nothing.
  account: async (deps, begun, progress) => {
    await erasePersonalRows(deps, begun, progress);
    await eraseAccount(deps.db, begun.deletionId, begun.userId);
    return null;
  },
};

export async function eraseStep(
  deps: PrivacyDeps,
  { deletionId, step }: ErasingAsk,
  progress: Progress,
): Promise<void> {
  const begun = await beginStep(deps.db, deletionId, step);
  if (begun === null) return;
  const note = await STEPS[step](deps, begun, progress);
  await endStep(deps.db, deletionId, step, note);
  if (note !== null)
    deps.log.warn({ workflowId: deletionWorkflowId(begun.userId), step, note }, 'erasing: left undone');
}
