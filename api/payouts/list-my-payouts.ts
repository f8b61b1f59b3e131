import { createRoute } from '@hono/zod-openapi';
import { listPayouts } from '../../db/payouts/list.ts';
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
import { Payout, showPayout } from './payout-view.ts';

const route = createRoute({
  method: 'get',
  path: '/sellers/me/payouts',
  operationId: 'listMyPayouts',
  summary: 'Your payouts',
  tags: ['Sellers'],
  ...alsoWhileLeaving(signedIn()),
  request: { query: PageQuery },
  responses: { 200: json(listOf(Payout), 'Payouts'), ...fails(...SIGNED_IN, 'validation_failed') },
});

export const listMyPayouts = defineRoute(route, async (c) => {
  const filter = { sellerId: c.var.caller.userId };
  const page = await listPayouts(c.var.deps.db, filter, pageAsk(c, c.req.valid('query')));
  return c.json(showPage(c, page, showPayout), 200);
});
