import { createRoute, z } from '@hono/zod-openapi';
import { listRefundsOfOrder } from '../../db/marketplace/refunds/list.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import {
  listOf,
  pageAsk,
  PageQuery,
  showPage,
  fails,
  SIGNED_IN,
  defineRoute,
  json,
  idParam,
} from '../kernel/index.ts';
import { Refund, showRefund } from './refund-view.ts';
import { readVisibleOrder } from './visible-order.ts';

const Params = z.object({ orderId: idParam('orderId') });

const route = createRoute({
  method: 'get',
  path: '/marketplace/orders/{orderId}/refunds',
  operationId: 'listRefunds',
  summary: 'The refunds of an order',
  tags: ['Refunds'],
  ...alsoWhileLeaving(signedIn()),
  request: { params: Params, query: PageQuery },
  responses: {
    200: json(listOf(Refund), 'Refunds'),
    ...fails(...SIGNED_IN, 'validation_failed', 'order_not_found'),
  },
});

export const listRefunds = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const order = await readVisibleOrder(db, c.req.valid('param').orderId, c.var.caller);
  const page = await listRefundsOfOrder(db, { orderId: order.id, ask: pageAsk(c, c.req.valid('query')) });
  return c.json(showPage(c, page, showRefund), 200);
});
