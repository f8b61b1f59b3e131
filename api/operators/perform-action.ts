import { createRoute, z } from '@hono/zod-openapi';
import { ACTION_NAMES } from '../../operations/titles.ts';
import { findAction } from '../../operations/index.ts';
import {
  IdempotencyHeaders,
  fails,
  FOR_ROLES,
  REPEATABLE,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  Id,
  Note,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { AWAITS, Awaits, operate } from '../approvals/index.ts';

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
      .openapi({ description: 'Of `refund`: in minor units; all that is left unless told' }),
    items: z.array(Id).optional().openapi({ description: 'Of `refund`: ids of order items to refund whole' }),
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

const route = createRoute({
  method: 'post',
  path: '/admin/actions',
  operationId: 'performAction',
  summary: 'Act on one row',
  description:
    'Every action of the console, by name. A row that is refused answers as its own route does, for example `reversal_not_retryable`.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ done: Done }), 'It is done, or on its way'),
    202: json(Awaits, AWAITS),
    ...fails(
      ...FOR_ROLES,
      ...WITH_BODY,
      ...REPEATABLE,
      ...(['action_unknown', 'preview_outdated'] as const),
      ...(['order_not_found', 'refund_not_found', 'transfer_not_found', 'reversal_not_found'] as const),
      ...(['payout_not_found', 'webhook_not_found', 'webhook_body_gone', 'flag_not_found'] as const),
      ...(['transfer_not_retryable', 'reversal_not_retryable', 'reversal_not_resolvable'] as const),
      ...([
        'reversal_not_open',
        'payout_not_open',
        'payout_not_bookable',
        'flag_not_open',
        'refund_not_returnable',
      ] as const),
      ...(['refund_not_open', 'refund_not_held', 'refund_known_to_psp', 'psp_unreadable'] as const),
      ...(['order_not_refundable', 'refund_already_requested', 'order_has_no_payment'] as const),
      ...(['order_disputed', 'refund_window_expired', 'refund_amount_invalid'] as const),
    ),
  },
});

export const performAction = defineRoute(route, async (c) => {
  const body = c.req.valid('json');
  const { amount, items: itemIds } = body;
  const isPart = amount !== undefined || itemIds !== undefined;
  const params = { ...(amount !== undefined && { amount }), ...(itemIds && { itemIds }) };
  const { operation, subject } = findAction({ ...body, ...(isPart && { params }) });
  const call = { operationId: route.operationId, subjectId: subject.id, body };
  const answer = await operate(c, operation, call, (_done, now) => now);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  const { shown, outcome } = answer;
  const now = { ...shown, ...(outcome?.status !== undefined && { status: outcome.status }) };
  return c.json({ done: { now, note: outcome?.note ?? null } }, 200);
});
