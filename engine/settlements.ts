import type { WorkflowClient } from '@temporalio/client';
import { statementWorkflowId, type StatementProgress } from '../domain/settlements/index.ts';
import type { statement } from '../workflows/index.ts';
import { namingFailures } from './failures.ts';
import { CALL_DEADLINE_MS, REUSABLE, type Within } from './policies.ts';

/** The matching of a provider's statement, as whoever started it follows it. */
export interface StatementEngine {
  /** Starts the matching of a statement that is loaded, or joins the one that runs. */
  startStatement(statementId: string, fileName: string): Promise<void>;
  /** How far it is; null while no worker answers. */
  statementProgress(statementId: string): Promise<StatementProgress | null>;
  /** Waits for its end, over all its runs. Rejects where somebody terminated it. */
  statementEnded(statementId: string): Promise<void>;
}

export function statementEngine(
  workflows: WorkflowClient,
  within: Within,
  taskQueue: string,
): StatementEngine {
  return {
    startStatement: (statementId, fileName) =>
      within(CALL_DEADLINE_MS, async () => {
        await workflows.start<typeof statement>('statement', {
          workflowId: statementWorkflowId(statementId),
          taskQueue,
          args: [{ statementId }],
          ...REUSABLE,
          staticSummary: `Statement ${fileName}`,
        });
      }),
    // A query needs a worker: without one it fails, and the next look may do better.
    statementProgress: (statementId) =>
      within(CALL_DEADLINE_MS, () =>
        workflows.getHandle(statementWorkflowId(statementId)).query<StatementProgress>('progress'),
      ).catch(() => null),
    statementEnded: (statementId) =>
      namingFailures(async () => {
        await workflows.getHandle<typeof statement>(statementWorkflowId(statementId)).result();
      }),
  };
}
