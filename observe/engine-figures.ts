import type { Client } from '@temporalio/client';
import { Gauge, type Registry } from 'prom-client';

/** `temporal.api.enums.v1.TaskQueueType`; the enum itself would load all of the API's definitions. */
const WORKFLOW_TASKS = 1;
const ANSWER_WITHIN_MS = 3_000;

/**
 * Whether Temporal answers, and how many workers poll each task queue, as Temporal itself says: it also knows when
 * none does.
 */
export function createEngineGauges(registry: Registry) {
  const up = new Gauge({
    name: 'veza_engine_up',
    help: 'Whether Temporal answers: 1 or 0',
    registers: [registry],
  });
  const pollers = new Gauge({
    name: 'veza_task_queue_pollers',
    help: 'Workers that poll a task queue, by what Temporal saw in the last minutes',
    labelNames: ['task_queue'],
    registers: [registry],
  });

  return {
    async read(client: Client, taskQueues: Readonly<Record<string, string>>): Promise<void> {
      const { namespace } = client.options;
      pollers.reset();
      try {
        await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
          for (const name of Object.values(taskQueues)) {
            const seen = await client.workflowService.describeTaskQueue({
              namespace,
              taskQueue: { name },
              taskQueueType: WORKFLOW_TASKS,
            });
            pollers.set({ task_queue: name }, new Set(seen.pollers.map(({ identity }) => identity)).size);
          }
        });
        up.set(1);
      } catch {
        up.set(0);
      }
    },
  };
}
