import { backfillWorkflowId } from '../domain/marketplace/index.ts';
import type { backfillTransferIds } from '../workflows/index.ts';
import { backfillProgress } from '../workflows/marketplace/messages.ts';
import type { Calls, TaskQueues } from './calls.ts';
import { namingFailures } from './failures.ts';
import type { BackfillEngine } from './port/marketplace.ts';

export function backfillEngine({ workflows, start, look }: Calls, queues: TaskQueues): BackfillEngine {
  return {
    startBackfill: (dryRun) =>
      start({
        type: 'backfillTransferIds',
        workflowId: backfillWorkflowId(dryRun),
        taskQueue: queues.stripe,
        args: [{ dryRun }],
        staticSummary: `Backfill of Stripe's transfer ids${dryRun ? ' (dry run)' : ''}`,
      }),
    backfillProgress: (dryRun) => look(backfillWorkflowId(dryRun), backfillProgress),
    backfillReport: (dryRun) =>
      namingFailures(() =>
        workflows.getHandle<typeof backfillTransferIds>(backfillWorkflowId(dryRun)).result(),
      ),
  };
}
