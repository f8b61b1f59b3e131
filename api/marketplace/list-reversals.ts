import { createRoute, z } from '@hono/zod-openapi';
import { listReversals as listReversalsQuery } from '../../db/marketplace/reversals/list.ts';
import { REVERSAL_STATUSES } from '../../domain/marketplace/reversal-machine.ts';
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
import { Reversal, showReversal } from './reversal-view.ts';

const Query = PageQuery.extend({ status: z.enum(REVERSAL_STATUSES).optional(), order_id: Id.optional() });

const route = createRoute({
  method: 'get',
  path: '/admin/reversals',
  operationId: 'listReversals',
  summary: 'Reversals of transfers',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: { 200: json(listOf(Reversal), 'Reversals'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listReversals = defineRoute(route, async (c) => {
  const query = c.req.valid('query');
  const filter = { status: query.status, orderId: query.order_id };
  return c.json(
    showPage(c, await listReversalsQuery(c.var.deps.db, filter, pageAsk(c, query)), showReversal),
    200,
  );
});
