import { createRoute, z } from '@hono/zod-openapi';
import { ACTION_NAMES } from '../../operations/titles.ts';
import { previewAction as preview } from '../../operations/perform.ts';
import { onlyRoles } from '../middleware/access.ts';
import { operationsOf } from '../approvals/index.ts';
import { fails, FOR_ROLES, defineRoute, json } from '../kernel/index.ts';
import { Preview, showPreview } from './preview-view.ts';

const PART_OF_REFUND = 'Of a refund: in minor units; all that is left unless told';

const Query = z.object({
  action: z.enum(ACTION_NAMES),
  subject: z.string().openapi({ description: 'What is acted on', example: 'reversal/…' }),
  amount: z.coerce.number().int().min(1).optional().openapi({ description: PART_OF_REFUND }),
});

const route = createRoute({
  method: 'get',
  path: '/admin/actions/preview',
  operationId: 'previewAction',
  summary: 'What an action would do, and whether it needs a second admin',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: {
    200: json(z.object({ preview: Preview }), 'Nothing has been done'),
    ...fails(
      ...FOR_ROLES,
      'validation_failed',
      'action_unknown',
      ...(['order_not_found', 'refund_not_found', 'transfer_not_found', 'reversal_not_found'] as const),
      ...(['payout_not_found', 'webhook_not_found', 'webhook_body_gone', 'flag_not_found'] as const),
      ...(['subscription_not_found', 'invoice_not_found'] as const),
    ),
  },
});

export const previewAction = defineRoute(route, async (c) => {
  const { amount, ...on } = c.req.valid('query');
  const ask = { ...on, ...(amount !== undefined && { params: { amount } }) };
  const shown = await preview(operationsOf(c), ask, c.var.caller.userId);
  return c.json({ preview: showPreview(shown) }, 200);
});
