import { createRoute, z } from '@hono/zod-openapi';
import { listPayouts as listPayoutsQuery } from '../../db/payouts/list.ts';
import { PAYOUT_STATUSES } from '../../domain/payouts/payout-machine.ts';
import { onlyRoles } from '../middleware/access.ts';
import {
  listOf,
  pageAsk,
  PageQuery,
  showPage,
  fails,
  FOR_ROLES,
  defineRoute,
  json,
  Id,
} from '../kernel/index.ts';
import { Payout, showPayout } from './payout-view.ts';

const Query = PageQuery.extend({ status: z.enum(PAYOUT_STATUSES).optional(), seller_id: Id.optional() });

const route = createRoute({
  method: 'get',
  path: '/admin/payouts',
  operationId: 'listPayouts',
  summary: 'Payouts to sellers',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: { 200: json(listOf(Payout), 'Payouts'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listPayouts = defineRoute(route, async (c) => {
  const query = c.req.valid('query');
  const filter = { status: query.status, sellerId: query.seller_id };
  return c.json(
    showPage(c, await listPayoutsQuery(c.var.deps.db, filter, pageAsk(c, query)), showPayout),
    200,
  );
});
