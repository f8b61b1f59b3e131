import { createRoute, z } from '@hono/zod-openapi';
import { readRefund } from '../../db/marketplace/refunds/list.ts';
import { isOfOrder } from '../../db/marketplace/refunds/schema.ts';
import { VezaError } from '../../domain/errors.ts';
import { signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, json, idParam } from '../kernel/index.ts';
import { Refund, showRefund } from './refund-view.ts';
import { findVisibleOrder } from './visible-order.ts';

const Params = z.object({ refundId: idParam('refundId') });

const route = createRoute({
  method: 'get',
  path: '/marketplace/refunds/{refundId}',
  operationId: 'getRefund',
  summary: 'One refund',
  tags: ['Refunds'],
  ...signedIn(),
  request: { params: Params },
  responses: {
    200: json(z.object({ refund: Refund }), 'The refund'),
    ...fails(...SIGNED_IN, 'validation_failed', 'refund_not_found'),
  },
});

export const getRefund = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { refundId } = c.req.valid('param');
  const refund = await readRefund(db, refundId);
  if (
    refund === null ||
    !isOfOrder(refund) ||
    (await findVisibleOrder(db, refund.orderId, c.var.caller)) === null
  ) {
    throw new VezaError('refund_not_found', `There is no refund ${refundId}.`);
  }
  return c.json({ refund: showRefund(refund) }, 200);
});
