import { createRoute, z } from '@hono/zod-openapi';
import { listTransfers as listTransfersQuery } from '../../db/queries/transfers.ts';
import { TRANSFER_STATUSES } from '../../domain/machines/transfer.ts';
import { onlyRoles } from '../middleware/access.ts';
import { listOf, pageAsk, PageQuery, showPage } from '../pagination.ts';
import { fails, FOR_ROLES } from '../problem.ts';
import { defineRoute, json } from '../route.ts';
import { Id } from '../views/fields.ts';
import { showTransfer, Transfer } from '../views/transfer.ts';

const Query = PageQuery.extend({ status: z.enum(TRANSFER_STATUSES).optional(), order_id: Id.optional() });

const route = createRoute({
  method: 'get',
  path: '/admin/transfers',
  operationId: 'listTransfers',
  summary: 'Transfers to sellers',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: { 200: json(listOf(Transfer), 'Transfers'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listTransfers = defineRoute(route, async (c) => {
  const query = c.req.valid('query');
  const filter = { status: query.status, orderId: query.order_id };
  return c.json(
    showPage(c, await listTransfersQuery(c.var.deps.db, filter, pageAsk(c, query)), showTransfer),
    200,
  );
});
