import type { ConnectionLike } from '@temporalio/client';

/** `COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION` of Temporal's API. */
const COMPLETE_WORKFLOW_EXECUTION = 4;
/** The server refuses a poll that names no deadline. */
const POLL_MS = 60_000;

/** The next workflow task of a queue that no worker polls: its token. */
export async function takeTask(
  connection: ConnectionLike,
  namespace: string,
  taskQueue: string,
): Promise<Uint8Array> {
  const { taskToken } = await connection.withDeadline(Date.now() + POLL_MS, () =>
    connection.workflowService.pollWorkflowTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      identity: 'test',
    }),
  );
  return taskToken;
}

/** Answers a task with the end of its workflow. */
export const endWorkflow = (connection: ConnectionLike, taskToken: Uint8Array) =>
  connection.workflowService.respondWorkflowTaskCompleted({
    taskToken,
    commands: [{ commandType: COMPLETE_WORKFLOW_EXECUTION, completeWorkflowExecutionCommandAttributes: {} }],
  });
