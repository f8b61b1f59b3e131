import { z } from '@hono/zod-openapi';
import { ACTION_NAMES } from '../../operations/titles.ts';
import { findAction, ROW_KINDS } from '../../operations/index.ts';
import { defineRoute, jsonBody, Id, Note, reason } from '../kernel/index.ts';
import { doneOrAwaits, operate, operatorRoute } from '../approvals/index.ts';

const Body = z
  .strictObject({
    action: z.enum(ACTION_NAMES),
    subject: z.string().openapi({ description: 'What is acted on', example: 'reversal/…' }),
    reason: reason(),
    seen: z.string().optional().openapi({ description: 'From the preview that you agreed to' }),
    amount: z
      .int()
      .min(1)
      .optional()
      .openapi({ description: 'Of a refund: in minor units; all that is left unless told' }),
    items: z.array(Id).optional().openapi({ description: 'Of `refund`: ids of order items to refund whole' }),
    end_access: z.boolean().optional().openapi({
      description: 'Of `refund_invoice`: its subscription expires once a part of it is refunded',
    }),
  })
  .openapi('ActionRequest');
const Done = z
  .object({
    now: z
      .object({ subject: z.string(), status: z.string() })
      .openapi({ description: 'The row that stands now: the same one, or its replacement' }),
    note: Note,
  })
  .openapi('ActionDone');

const route = operatorRoute({
  path: '/admin/actions',
  operationId: 'performAction',
  summary: 'Act on one row',
  description:
    'Every action of the console, by name. A row that is refused answers as its own route does, for example `reversal_not_retryable`.',
  request: { body: jsonBody(Body) },
  responses: doneOrAwaits(z.object({ done: Done }), 'It is done, or on its way'),
  actions: ROW_KINDS.flatMap((kind) => kind.actions),
  refusals: ['action_unknown', 'preview_outdated'],
});

export const performAction = defineRoute(route, async (c) => {
  const body = c.req.valid('json');
  const { amount, items: itemIds, end_access: endAccess } = body;
  const params = {
    ...(amount !== undefined && { amount }),
    ...(itemIds && { itemIds }),
    ...(endAccess !== undefined && { endAccess }),
  };
  const isPart = Object.keys(params).length > 0;
  const { operation, subject } = findAction({ ...body, ...(isPart && { params }) });
  const call = { operationId: route.operationId, subjectId: subject.id, body };
  const answer = await operate(c, operation, call, (_done, now) => now);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  const { shown, outcome } = answer;
  const now = { ...shown, ...(outcome?.status !== undefined && { status: outcome.status }) };
  return c.json({ done: { now, note: outcome?.note ?? null } }, 200);
});
