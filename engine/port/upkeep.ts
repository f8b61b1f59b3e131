import { v7 as uuidv7 } from 'uuid';
import {
  type UpkeepPhase,
  type UpkeepProgress,
  type UpkeepReport,
  upkeepWorkflowId,
} from '../../domain/upkeep/index.ts';
import type { Id } from './impersonal.ts';

export interface UpkeepAsk {
  readonly phases?: readonly UpkeepPhase[];
}

/** The id of an upkeep, for callers that need it before it is started. */
export const idOfUpkeep = () => upkeepWorkflowId(uuidv7());

/** Upkeeps that somebody asks for; the schedule starts its own. */
export interface UpkeepEngine {
  /** Starts an upkeep under this id. Returns its workflow id. */
  startUpkeep(ask: UpkeepAsk, workflowId?: Id): Promise<string>;
  /** How far it is; null while no worker answers. */
  upkeepProgress(workflowId: Id): Promise<UpkeepProgress | null>;
  /** Waits for its end, over all its runs; null where that takes longer. Rejects where somebody terminated it. */
  upkeepReport(workflowId: Id, withinMs?: number): Promise<UpkeepReport | null>;
}
