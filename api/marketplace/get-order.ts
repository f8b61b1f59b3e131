import { createRoute, z } from '@hono/zod-openapi';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { fails, SIGNED_IN, defineRoute, json, idParam } from '../kernel/index.ts';
import { OrderInFull, showOrderInFull } from './order-view.ts';
import { readVisibleOrder } from './visible-order.ts';

const Params = z.object({ orderId: idParam('orderId') });

const route = createRoute({
  method: 'get',
  path: '/marketplace/orders/{orderId}',
  operationId: 'getOrder',
  summary: 'One order, with its payment and licences',
  tags: ['Orders'],
  ...alsoWhileLeaving(signedIn()),
  request: { params: Params },
  responses: {
    200: json(z.object({ order: OrderInFull }), 'The order'),
    ...fails(...SIGNED_IN, 'validation_failed', 'order_not_found'),
  },
});

export const getOrder = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const order = await readVisibleOrder(db, c.req.valid('param').orderId, c.var.caller);
  return c.json({ order: showOrderInFull(order, order.licenses, c.var.caller) }, 200);
});
