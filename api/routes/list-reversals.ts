import { createRoute, z } from '@hono/zod-openapi';
import { listReversals as listReversalsQuery } from '../../db/queries/reversals.ts';
import { REVERSAL_STATUSES } from '../../domain/machines/reversal.ts';
import { onlyRoles } from '../middleware/access.ts';
import { listOf, pageAsk, PageQuery, showPage } from '../pagination.ts';
import { fails, FOR_ROLES } from '../problem.ts';
import { defineRoute, json } from '../route.ts';
import { Id } from '../views/fields.ts';
import { Reversal, showReversal } from '../views/reversal.ts';

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
