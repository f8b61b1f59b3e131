import { statementWorkflowId } from '../domain/settlements/index.ts';
import { statementProgress } from '../workflows/settlements/messages.ts';
import type { Calls, TaskQueues } from './calls.ts';
import { namingFailures } from './failures.ts';
import type { StatementEngine } from './port/settlements.ts';

export function statementEngine({ workflows, start, look }: Calls, queues: TaskQueues): StatementEngine {
  return {
    startStatement: (statementId, fileName) =>
      start({
        type: 'statement',
        workflowId: statementWorkflowId(statementId),
        taskQueue: queues.core,
        args: [{ statementId }],
        staticSummary: `Statement ${fileName}`,
      }),
    statementProgress: (statementId) => look(statementWorkflowId(statementId), statementProgress),
    statementEnded: (statementId) =>
      namingFailures(async () => {
        await workflows.getHandle(statementWorkflowId(statementId)).result();
      }),
  };
}
