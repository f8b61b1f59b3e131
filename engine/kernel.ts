import type { Client } from '@temporalio/client';
import type { Calls, TaskQueues } from './calls.ts';
import type { KernelEngine } from './port/kernel.ts';

/** `PENDING_WORKFLOW_TASK_STATE_SCHEDULED` of Temporal's API: in its queue, with no worker at it. */
const TASK_SCHEDULED = 1;
/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_TASKS = 1;
/** A person waits for the pages that show idle queues. */
const IDLE_QUEUES_WITHIN_MS = 2_000;
/** A poll lasts a minute at most, and Temporal remembers pollers for five: a poller that has not come back is gone. */
const GONE_AFTER_MS = 90_000;

export function kernelEngine(
  { workflows, within }: Calls,
  queues: TaskQueues,
  { workflowService, options: { namespace } }: Client,
): KernelEngine {
  const describe = (workflowId: string) =>
    within(async () => {
      try {
        return await workflows.getHandle(workflowId).describe();
      } catch (error) {
        if (error instanceof Error && error.name === 'WorkflowNotFoundError') return null;
        throw error;
      }
    });

  const isIdle = async (name: string) => {
    const { pollers } = await workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType: WORKFLOW_TASKS,
    });
    const goneAtMs = Date.now() - GONE_AFTER_MS;
    return pollers.every(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 < goneAtMs);
  };

  return {
    ping: () =>
      within(async () => {
        await workflowService.describeNamespace({ namespace });
      }),
    namespaceId: () =>
      within(async () => {
        const { namespaceInfo } = await workflowService.describeNamespace({ namespace });
        if (!namespaceInfo?.id) throw new Error('Temporal does not say which namespace this is');
        return namespaceInfo.id;
      }),
    isRunning: async (workflowId) => (await describe(workflowId))?.status.name === 'RUNNING',
    waitsForWorker: async (workflowId) => {
      const task = (await describe(workflowId))?.raw.pendingWorkflowTask;
      return task?.state === TASK_SCHEDULED;
    },
    idleQueues: () =>
      within(async () => {
        const idle: string[] = [];
        // One after the other: when the first call fails and the caller goes, no second one is still being repeated.
        for (const queue of [queues.core, queues.stripe, queues.billing, queues.people])
          if (await isIdle(queue)) idle.push(queue);
        return idle;
      }, IDLE_QUEUES_WITHIN_MS),
  };
}
