import { createRoute, z } from '@hono/zod-openapi';
import { listTransfers as listTransfersQuery } from '../../db/marketplace/transfers/list.ts';
import { TRANSFER_STATUSES } from '../../domain/marketplace/transfer-machine.ts';
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
import { showTransfer, Transfer } from './transfer-view.ts';

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
