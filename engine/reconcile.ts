import { sweepProgress } from '../workflows/reconcile/messages.ts';
import type { Calls, TaskQueues } from './calls.ts';
import { idOfSweep, type SweepEngine } from './port/reconcile.ts';

export function sweepEngine({ start, look, result }: Calls, queues: TaskQueues): SweepEngine {
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
    sweepReport: (workflowId, withinMs) => result('reconcile', workflowId, withinMs),
  };
}
