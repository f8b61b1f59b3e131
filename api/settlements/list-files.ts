import { createRoute } from '@hono/zod-openapi';
import { listSettlementFiles as listSettlementFilesQuery } from '../../db/settlements/list.ts';
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
} from '../kernel/index.ts';
import { SettlementFile, showSettlementFile } from './file-view.ts';

const route = createRoute({
  method: 'get',
  path: '/admin/statements',
  operationId: 'listStatements',
  summary: "The providers' settlement files that were compared with our rows",
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: PageQuery },
  responses: {
    200: json(listOf(SettlementFile), 'Settlement files'),
    ...fails(...FOR_ROLES, 'validation_failed'),
  },
});

export const listSettlementFiles = defineRoute(route, async (c) => {
  const page = await listSettlementFilesQuery(c.var.deps.db, pageAsk(c, c.req.valid('query')));
  return c.json(showPage(c, page, showSettlementFile), 200);
});
