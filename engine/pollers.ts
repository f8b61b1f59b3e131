import type { Client } from '@temporalio/client';
import type { Within } from './policies.ts';

/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_TASKS = 1;
/** Shown on pages that a person waits for. */
const ANSWER_WITHIN_MS = 2_000;
/** A poll hangs for a minute at most, and Temporal remembers who polled for five: who has not come back is gone. */
const GONE_AFTER_MS = 90_000;

export interface PollerEngine {
  /** Task queues of ours that no worker polls, by Temporal's own word: what is in them waits. */
  idleQueues(): Promise<string[]>;
}

export function pollerEngine(client: Client, within: Within, queues: readonly string[]): PollerEngine {
  const isIdle = async (name: string) => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name },
      taskQueueType: WORKFLOW_TASKS,
    });
    const goneAtMs = Date.now() - GONE_AFTER_MS;
    return pollers.every(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 < goneAtMs);
  };
  return {
    idleQueues: () =>
      within(ANSWER_WITHIN_MS, async () => {
        const idle: string[] = [];
        // One after the other: where the first call fails, no second one is still being repeated when its caller has gone.
        for (const queue of queues) if (await isIdle(queue)) idle.push(queue);
        return idle;
      }),
  };
}
