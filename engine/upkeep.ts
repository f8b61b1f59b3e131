import { upkeepProgress } from '../workflows/upkeep/messages.ts';
import type { Calls, TaskQueues } from './calls.ts';
import { idOfUpkeep, type UpkeepEngine } from './port/upkeep.ts';

export function upkeepEngine({ start, look, result }: Calls, queues: TaskQueues): UpkeepEngine {
  return {
    startUpkeep: async ({ phases }, workflowId = idOfUpkeep()) => {
      await start({
        type: 'upkeep',
        workflowId,
        taskQueue: queues.people,
        args: [{ ...(phases && { phases }) }],
        staticSummary: 'Upkeep, asked for',
      });
      return workflowId;
    },
    upkeepProgress: (workflowId) => look(workflowId, upkeepProgress),
    upkeepReport: (workflowId, withinMs) => result('upkeep', workflowId, withinMs),
  };
}
