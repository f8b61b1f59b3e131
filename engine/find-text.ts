import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

/**
 * The ids of workflows in whose history a text stands, as it is written there. Reads whole histories, of those that a
 * visibility query names. What is sealed or encrypted is not opened.
 */
export async function findTextInHistories(
  { workflow }: Client,
  { text, query }: { readonly text: string; readonly query: string },
  onLooked: (looked: number) => void = () => {},
): Promise<readonly string[]> {
  const found: string[] = [];
  let looked = 0;
  for await (const { workflowId, runId } of workflow.list({ query })) {
    const history = await workflow.getHandle(workflowId, runId).fetchHistory();
    const bytes = Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish());
    if (workflowId.includes(text) || bytes.includes(text)) found.push(workflowId);
    onLooked((looked += 1));
  }
  return found;
}
