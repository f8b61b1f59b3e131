import { createRoute, z } from '@hono/zod-openapi';
import { markReturned } from '../../operations/marketplace/index.ts';
import {
  IdempotencyHeaders,
  fails,
  FOR_ROLES,
  REPEATABLE,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  idParam,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { AWAITS, Awaits, operate } from '../approvals/index.ts';
import { Refund, showRefund } from '../marketplace/index.ts';

const Params = z.object({ refundId: idParam('refundId') });
const Body = z.strictObject({ reason: reason() }).openapi('ReturnRefund');

const route = createRoute({
  method: 'post',
  path: '/admin/refunds/{refundId}/return',
  operationId: 'returnRefund',
  summary: 'A bank sent the refund back',
  description: 'Reverts the books, restores the licences and sends the sellers again what they gave back.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ refund: Refund }), 'The refund as it is now'),
    202: json(Awaits, AWAITS),
    ...fails(...FOR_ROLES, ...WITH_BODY, ...REPEATABLE, 'refund_not_found', 'refund_not_returnable'),
  },
});

export const returnRefund = defineRoute(route, async (c) => {
  const { refundId } = c.req.valid('param');
  const body = c.req.valid('json');
  const call = { operationId: route.operationId, subjectId: refundId, body };
  const answer = await operate(c, markReturned, call, showRefund);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  return c.json({ refund: answer.shown }, 200);
});
