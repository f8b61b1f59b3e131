import { createRoute, z } from '@hono/zod-openapi';
import { giveBackAgain } from '../../db/verbs/give-back-again.ts';
import { actorOf } from '../actor.ts';
import { IdempotencyHeaders } from '../idempotency.ts';
import { onlyRoles } from '../middleware/access.ts';
import { actOnce } from '../operator-key.ts';
import { fails, FOR_ROLES, REPEATABLE, WITH_BODY } from '../problem.ts';
import { defineRoute, json, jsonBody } from '../route.ts';
import { idParam, reason } from '../views/fields.ts';
import { Refund, showRefund } from '../views/refund.ts';

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
    202: json(z.object({ refund: Refund }), 'The new refund'),
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
  const { engine } = c.var.deps;
  const { orderId } = c.req.valid('param');
  const body = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const call = { operationId: route.operationId, subjectId: orderId, body };
  const { shown, work } = await actOnce(c, call, async (db) => {
    const { refund, label } = await giveBackAgain(db, { orderId, ...body, ...actorOf(c) });
    return { shown: showRefund(refund), work: { refundId: refund.id, label } };
  });
  await engine.startRefund(work.refundId, work.label);
  return c.json({ refund: shown }, 202);
});
