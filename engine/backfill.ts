import type { Client } from '@temporalio/client';
import {
  type BackfillProgress,
  type BackfillReport,
  backfillWorkflowId,
} from '../domain/marketplace/index.ts';
import type { backfillTransferIds } from '../workflows/index.ts';
import { namingFailures } from './failures.ts';

const CALL_DEADLINE_MS = 5_000;

/** The backfill of transfer ids, as whoever started it follows it. Throws VezaError `engine_unavailable`. */
export interface BackfillEngine {
  /** Starts it, or joins the one that runs. */
  start(): Promise<void>;
  /** How far it is; null while no worker answers. */
  progress(): Promise<BackfillProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  report(): Promise<BackfillReport>;
}

export function createBackfillEngine(
  client: Client,
  { taskQueue, dryRun }: { readonly taskQueue: string; readonly dryRun: boolean },
): BackfillEngine {
  const workflows = client.workflow;
  const workflowId = backfillWorkflowId(dryRun);
  const within = <T>(call: () => Promise<T>) =>
    namingFailures(() => workflows.withDeadline(Date.now() + CALL_DEADLINE_MS, call));

  return {
    start: () =>
      within(async () => {
        await workflows.start<typeof backfillTransferIds>('backfillTransferIds', {
          workflowId,
          taskQueue,
          args: [{ dryRun }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `Backfill of Stripe's transfer ids${dryRun ? ' (dry run)' : ''}`,
        });
      }),
    // A query needs a worker: without one it fails, and the next look may do better.
    progress: () =>
      within(() => workflows.getHandle(workflowId).query<BackfillProgress>('progress')).catch(() => null),
    report: () => namingFailures(() => workflows.getHandle<typeof backfillTransferIds>(workflowId).result()),
  };
}
