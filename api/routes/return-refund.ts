import { createRoute, z } from '@hono/zod-openapi';
import { returnRefund as markReturned } from '../../db/verbs/return-refund.ts';
import { actorOf } from '../actor.ts';
import { onlyRoles } from '../middleware/access.ts';
import { fails, FOR_ROLES, WITH_BODY } from '../problem.ts';
import { defineRoute, json, jsonBody } from '../route.ts';
import { idParam, reason } from '../views/fields.ts';
import { Refund, showRefund } from '../views/refund.ts';

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
  request: { params: Params, body: jsonBody(Body) },
  responses: {
    200: json(z.object({ refund: Refund }), 'The refund as it is now'),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'refund_not_found', 'refund_not_returnable'),
  },
});

export const returnRefund = defineRoute(route, async (c) => {
  const { db, engine } = c.var.deps;
  const { refundId } = c.req.valid('param');
  c.set('mayStillBeCarriedOut', true);
  const { refund, transfers } = await markReturned(db, { refundId, ...c.req.valid('json'), ...actorOf(c) });
  for (const transfer of transfers) await engine.retryTransfer(transfer);
  return c.json({ refund: showRefund(refund) }, 200);
});
