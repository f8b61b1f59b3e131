import { createRoute, z } from '@hono/zod-openapi';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, json, idParam } from '../kernel/index.ts';
import { Refund, showRefund } from './refund-view.ts';
import { readVisibleRefund } from './visible-refund.ts';

const Params = z.object({ refundId: idParam('refundId') });

const route = createRoute({
  method: 'get',
  path: '/marketplace/refunds/{refundId}',
  operationId: 'getRefund',
  summary: 'One refund',
  tags: ['Refunds'],
  ...alsoWhileLeaving(signedIn()),
  request: { params: Params },
  responses: {
    200: json(z.object({ refund: Refund }), 'The refund'),
    ...fails(...SIGNED_IN, 'validation_failed', 'refund_not_found'),
  },
});

export const getRefund = defineRoute(route, async (c) => {
  const { refundId } = c.req.valid('param');
  const refund = await readVisibleRefund(c.var.deps, refundId, c.var.caller);
  return c.json({ refund: showRefund(refund) }, 200);
});
