import { createRoute } from '@hono/zod-openapi';
import { listOrders as listOrdersQuery } from '../../db/marketplace/orders/list.ts';
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
} from '../kernel/index.ts';
import { Order, showOrder } from './order-view.ts';

const route = createRoute({
  method: 'get',
  path: '/marketplace/orders',
  operationId: 'listOrders',
  summary: 'Your orders',
  description: 'What the caller bought; for an admin, all orders.',
  tags: ['Orders'],
  ...alsoWhileLeaving(signedIn()),
  request: { query: PageQuery },
  responses: { 200: json(listOf(Order), 'Orders'), ...fails(...SIGNED_IN, 'validation_failed') },
});

export const listOrders = defineRoute(route, async (c) => {
  const { userId, role } = c.var.caller;
  const page = await listOrdersQuery(c.var.deps.db, {
    buyerId: role === 'admin' ? undefined : userId,
    ask: pageAsk(c, c.req.valid('query')),
  });
  return c.json(showPage(c, page, showOrder), 200);
});
