import { type Client, isGrpcServiceError } from '@temporalio/client';
import { deletionWorkflowId, exportWorkflowId } from '../domain/privacy/index.ts';
import { retryNow } from '../workflows/kernel/messages.ts';
import { attributes } from './attributes.ts';
import type { Calls, TaskQueues } from './calls.ts';
import type { PrivacyEngine } from './port/privacy.ts';

/** Of a person, and of nobody's money. */
const TYPES = ['export', 'mail', 'onboarding'];
/** A page of the list, each of which is a call. */
const PAGE = 100;
/** gRPC's status. */
const NOT_FOUND = 5;

export function privacyEngine(
  { within, start, tell }: Calls,
  queues: TaskQueues,
  { workflowService, options: { namespace } }: Client,
): PrivacyEngine {
  const listPage = (query: string, nextPageToken: Uint8Array | null) =>
    within(() =>
      workflowService.listWorkflowExecutions({
        namespace,
        query,
        pageSize: PAGE,
        ...(nextPageToken && { nextPageToken }),
      }),
    );

  return {
    startExport: ({ exportId, userId }) =>
      start({
        type: 'export',
        workflowId: exportWorkflowId(exportId),
        taskQueue: queues.people,
        args: [{ exportId }],
        staticSummary: `Copy of the data of account ${userId}`,
        typedSearchAttributes: attributes({ VezaUserId: userId, VezaStatus: 'queued', VezaRetryCount: 0 }),
      }),
    startDeletion: ({ userId, finalAt }) =>
      tell(
        {
          type: 'deletion',
          workflowId: deletionWorkflowId(userId),
          taskQueue: queues.people,
          args: [{ userId }],
          staticSummary: `Deletion of account ${userId}, final on ${finalAt.slice(0, 10)}`,
          typedSearchAttributes: attributes({ VezaUserId: userId, VezaStatus: 'scheduled' }),
        },
        retryNow,
      ),
    deleteHistories: async (userId) => {
      const types = TYPES.map((type) => `"${type}"`).join(', ');
      // An onboarding that was begun before it had a VezaUserId has the same person as its seller.
      const query = `WorkflowType IN (${types}) AND (VezaUserId = "${userId}" OR VezaSellerId = "${userId}") AND ExecutionStatus != "Running"`;
      let asked = 0;
      for (let token: Uint8Array | null = null; ;) {
        const { executions, nextPageToken } = await listPage(query, token);
        for (const { execution } of executions)
          await within(async () => {
            try {
              await workflowService.deleteWorkflowExecution({ namespace, workflowExecution: execution });
            } catch (error) {
              // Deleted meanwhile, while the list has it still.
              if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) throw error;
            }
          });
        asked += executions.length;
        if (nextPageToken.length === 0) return asked;
        token = nextPageToken;
      }
    },
  };
}
