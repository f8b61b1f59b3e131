import { v7 as uuidv7 } from 'uuid';
import {
  DRAIN_WORKFLOW_ID,
  sweepWorkflowId,
  type Phase,
  type ReconcileProgress,
  type ReconcileReport,
} from '../../domain/reconcile/index.ts';
import type { Id } from './impersonal.ts';

export interface SweepAsk {
  readonly phases?: readonly Phase[];
  readonly drain: boolean;
}

/** The id of a sweep, for callers that need it before the sweep is started. */
export const idOfSweep = ({ drain }: SweepAsk) => (drain ? DRAIN_WORKFLOW_ID : sweepWorkflowId(uuidv7()));

/** Sweeps that somebody asks for; the schedule starts its own. */
export interface SweepEngine {
  /** Starts a sweep under this id, or joins a drain that runs. Returns its workflow id. */
  startSweep(ask: SweepAsk, workflowId?: Id): Promise<string>;
  /** How far it is; null while no worker answers. */
  sweepProgress(workflowId: Id): Promise<ReconcileProgress | null>;
  /** Waits for its end, over all its runs; null where that takes longer. Rejects where somebody terminated it. */
  sweepReport(workflowId: Id, withinMs?: number): Promise<ReconcileReport | null>;
}
