import { z } from '@hono/zod-openapi';
import { markReturned } from '../../operations/marketplace/index.ts';
import { defineRoute, jsonBody, idParam, reason } from '../kernel/index.ts';
import { doneOrAwaits, operate, operatorRoute } from '../approvals/index.ts';
import { Refund, showRefund } from '../marketplace/index.ts';

const Params = z.object({ refundId: idParam('refundId') });
const Body = z.strictObject({ reason: reason() }).openapi('ReturnRefund');

const route = operatorRoute({
  path: '/admin/refunds/{refundId}/return',
  operationId: 'returnRefund',
  summary: 'A bank sent the refund back',
  description: 'Reverts the books, restores the licences and sends the sellers again what they gave back.',
  request: { params: Params, body: jsonBody(Body) },
  responses: doneOrAwaits(z.object({ refund: Refund }), 'The refund as it is now'),
  actions: [markReturned],
});

export const returnRefund = defineRoute(route, async (c) => {
  const { refundId } = c.req.valid('param');
  const body = c.req.valid('json');
  const call = { operationId: route.operationId, subjectId: refundId, body };
  const answer = await operate(c, markReturned, call, showRefund);
  if ('awaits' in answer) return c.json({ approval: answer.awaits }, 202);
  return c.json({ refund: answer.shown }, 200);
});
