import type { WorkflowClient } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import {
  DRAIN_WORKFLOW_ID,
  sweepWorkflowId,
  type Phase,
  type ReconcileProgress,
  type ReconcileReport,
} from '../domain/reconcile/index.ts';
import type { reconcile } from '../workflows/index.ts';
import { namingFailures } from './failures.ts';
import { CALL_DEADLINE_MS, type Within } from './policies.ts';

export interface SweepAsk {
  readonly phases?: readonly Phase[];
  readonly drain: boolean;
}

/** For whoever has to name a sweep before it is started. */
export const idOfSweep = ({ drain }: SweepAsk) => (drain ? DRAIN_WORKFLOW_ID : sweepWorkflowId(uuidv7()));

/** Sweeps that somebody asks for; the schedule starts its own. */
export interface SweepEngine {
  /** Starts a sweep, under this id; a drain that runs is joined. Its workflow id. */
  startSweep(ask: SweepAsk, workflowId?: string): Promise<string>;
  /** How far it is; null while no worker answers. */
  sweepProgress(workflowId: string): Promise<ReconcileProgress | null>;
  /** Waits for its end, over all its runs; null where that takes longer. Rejects where somebody terminated it. */
  sweepReport(workflowId: string, withinMs?: number): Promise<ReconcileReport | null>;
}

export function sweepEngine(workflows: WorkflowClient, within: Within, taskQueue: string): SweepEngine {
  return {
    startSweep: ({ phases, drain }, workflowId = idOfSweep({ drain })) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof reconcile>('reconcile', {
          workflowId,
          taskQueue,
          args: [{ drain, ...(phases && { phases }) }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: drain ? 'Sweep of all that is stuck' : 'Sweep, asked for',
        });
        return workflowId;
      }),
    // A query needs a worker: without one it fails, and the next look may do better.
    sweepProgress: (workflowId) =>
      within(CALL_DEADLINE_MS, () =>
        workflows.getHandle(workflowId).query<ReconcileProgress>('progress'),
      ).catch(() => null),
    sweepReport: async (workflowId, withinMs) => {
      const handle = workflows.getHandle<typeof reconcile>(workflowId);
      if (withinMs === undefined) return namingFailures(() => handle.result());
      const late = AbortSignal.timeout(withinMs);
      try {
        return await namingFailures(() => workflows.withAbortSignal(late, () => handle.result()));
      } catch (error) {
        if (late.aborted) return null;
        throw error;
      }
    },
  };
}
