import type { reconcile } from '../workflows/index.ts';
import { sweepProgress } from '../workflows/reconcile/messages.ts';
import type { Calls, TaskQueues } from './calls.ts';
import { namingFailures } from './failures.ts';
import { idOfSweep, type SweepEngine } from './port/reconcile.ts';

export function sweepEngine({ workflows, start, look }: Calls, queues: TaskQueues): SweepEngine {
  return {
    startSweep: async ({ phases, drain }, workflowId = idOfSweep({ drain })) => {
      await start({
        type: 'reconcile',
        workflowId,
        taskQueue: queues.core,
        args: [{ drain, ...(phases && { phases }) }],
        staticSummary: drain ? 'Sweep of all that is stuck' : 'Sweep, asked for',
      });
      return workflowId;
    },
    sweepProgress: (workflowId) => look(workflowId, sweepProgress),
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
