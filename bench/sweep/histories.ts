import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

/** How many events each run's history has, for a workflow that continued as new; oldest first. */
export async function historyLengths(
  client: Client,
  workflowId: string,
  firstRunId: string,
): Promise<number[]> {
  const lengths: number[] = [];
  for (let runId: string | null = firstRunId; runId !== null;) {
    const { events }: temporal.api.history.v1.IHistory = await client.workflow
      .getHandle(workflowId, runId)
      .fetchHistory();
    lengths.push(events?.length ?? 0);
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? null;
  }
  return lengths;
}
