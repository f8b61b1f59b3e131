import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { costOf, type EngineCost } from './cost.ts';

const { EventType } = proto.temporal.api.enums.v1;

/** Retries come soon, and are as many events as later ones. */
export const SOON = {
  PSP_RETRY_BASE: '50ms',
  PSP_RETRY_MAX: '100ms',
  REVERSAL_CHECK_INTERVAL: '100ms',
  REVERSAL_BACKOFF_BASE: '50ms',
  REVERSAL_BACKOFF_MAX: '100ms',
};

/** What a refund with one reversal has cost the engine, in the workflows of both. Waits until they have closed. */
export async function costOfRefund(
  client: Client,
  {
    refundId,
    reversalId,
    pspFailures = 0,
  }: { readonly refundId: string; readonly reversalId: string; readonly pspFailures?: number },
): Promise<EngineCost> {
  const refund = await historyOf(client, `refund/${refundId}`);
  const reversal = await historyOf(client, `reversal/${reversalId}`);
  // Where the webhook ended the attempt before it came back, the history does not tell of its retries.
  const isTold = refund.some(
    ({ eventType }) => Number(eventType) === EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
  );
  return costOf([refund, reversal], isTold ? 0 : pspFailures);
}

/** Of a workflow that has closed; empty where there never was one. */
async function historyOf({ workflow }: Client, workflowId: string) {
  const handle = workflow.getHandle(workflowId);
  try {
    await handle.result();
    return (await handle.fetchHistory()).events ?? [];
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return [];
    throw error;
  }
}
