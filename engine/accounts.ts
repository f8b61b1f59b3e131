import { mailWorkflowId } from '../domain/accounts/index.ts';
import { attributes } from './attributes.ts';
import type { Calls, TaskQueues } from './calls.ts';
import type { MailEngine } from './port/accounts.ts';

export function mailEngine({ start }: Calls, queues: TaskQueues): MailEngine {
  return {
    startMail: ({ mailId, userId, kind }) =>
      start({
        type: 'mail',
        workflowId: mailWorkflowId(mailId),
        taskQueue: queues.people,
        args: [{ mailId }],
        staticSummary: `Mail: ${kind.replaceAll('_', ' ')}`,
        typedSearchAttributes: attributes({
          ...(userId !== null && { VezaUserId: userId }),
          VezaStatus: 'queued',
          VezaRetryCount: 0,
        }),
      }),
  };
}
