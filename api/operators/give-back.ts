import { createRoute, z } from '@hono/zod-openapi';
import { giveBack as operation } from '../../operations/marketplace/index.ts';
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

const Params = z.object({ orderId: idParam('orderId') });
const Body = z.strictObject({ reason: reason() }).openapi('GiveBack');

const route = createRoute({
  method: 'post',
  path: '/admin/orders/{orderId}/give-back',
  operationId: 'giveBack',
  summary: 'Give a payment back again',
  description:
    'For a payment that no order took (late, or of another amount) and whose give-back failed at the PSP.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    202: json(z.union([z.object({ refund: Refund }), Awaits]), `The new refund. ${AWAITS}`),
    ...fails(
      ...FOR_ROLES,
      ...WITH_BODY,
      ...REPEATABLE,
      'order_not_found',
      'order_not_refundable',
      'refund_already_requested',
    ),
  },
});

export const giveBack = defineRoute(route, async (c) => {
  const { orderId } = c.req.valid('param');
  const call = {
    operationId: route.operationId,
    subjectId: orderId,
    body: c.req.valid('json'),
  };
  const answer = await operate(c, operation, call, showRefund);
  return c.json('awaits' in answer ? { approval: answer.awaits } : { refund: answer.shown }, 202);
});
