import { z } from '@hono/zod-openapi';
import { giveBackRefused as operation } from '../../operations/marketplace/index.ts';
import { defineRoute, jsonBody, idParam, reason } from '../kernel/index.ts';
import { operate, operatorRoute, startedOrAwaits } from '../approvals/index.ts';
import { Refund, showRefund } from '../marketplace/index.ts';

const Params = z.object({ refundId: idParam('refundId') });
const Body = z.strictObject({ reason: reason() }).openapi('GiveBackAgain');

const route = operatorRoute({
  path: '/admin/refunds/{refundId}/give-back',
  operationId: 'giveBackAgain',
  summary: 'Give back again what a refund did not give back',
  description:
    'For the failed give-back of a payment that no order or invoice took: a new refund of all that is still held of that payment.',
  request: { params: Params, body: jsonBody(Body) },
  responses: startedOrAwaits(z.object({ refund: Refund }), 'The new refund.'),
  actions: [operation],
});

export const giveBackAgain = defineRoute(route, async (c) => {
  const { refundId } = c.req.valid('param');
  const call = { operationId: route.operationId, subjectId: refundId, body: c.req.valid('json') };
  const answer = await operate(c, operation, call, showRefund);
  return c.json('awaits' in answer ? { approval: answer.awaits } : { refund: answer.shown }, 202);
});
