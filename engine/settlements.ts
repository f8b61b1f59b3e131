import { settlementWorkflowId } from '../domain/settlements/index.ts';
import { settlementProgress } from '../workflows/settlements/messages.ts';
import type { Calls, TaskQueues } from './calls.ts';
import { namingFailures } from './failures.ts';
import type { SettlementEngine } from './port/settlements.ts';

export function settlementEngine({ workflows, start, look }: Calls, queues: TaskQueues): SettlementEngine {
  return {
    startSettlement: (statementId) =>
      start({
        type: 'statement',
        workflowId: settlementWorkflowId(statementId),
        taskQueue: queues.core,
        args: [{ statementId }],
        staticSummary: `Settlement file ${statementId}`,
      }),
    settlementProgress: (statementId) => look(settlementWorkflowId(statementId), settlementProgress),
    settlementEnded: (statementId) =>
      namingFailures(async () => {
        await workflows.getHandle(settlementWorkflowId(statementId)).result();
      }),
  };
}
