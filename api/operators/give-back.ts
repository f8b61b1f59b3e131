import { z } from '@hono/zod-openapi';
import { giveBack as operation } from '../../operations/marketplace/index.ts';
import { defineRoute, jsonBody, idParam, reason } from '../kernel/index.ts';
import { operate, operatorRoute, startedOrAwaits } from '../approvals/index.ts';
import { Refund, showRefund } from '../marketplace/index.ts';

const Params = z.object({ orderId: idParam('orderId') });
const Body = z.strictObject({ reason: reason() }).openapi('GiveBack');

const route = operatorRoute({
  path: '/admin/orders/{orderId}/give-back',
  operationId: 'giveBack',
  summary: 'Give a payment back again',
  description:
    'For a payment that no order took (late, or of another amount) and whose give-back failed at the PSP.',
  request: { params: Params, body: jsonBody(Body) },
  responses: startedOrAwaits(z.object({ refund: Refund }), 'The new refund.'),
  actions: [operation],
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
