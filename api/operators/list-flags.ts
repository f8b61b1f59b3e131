import { createRoute } from '@hono/zod-openapi';
import { listOpenFlags } from '../../db/kernel/index.ts';
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
import { OpsFlag, showOpsFlag } from './ops-flag-view.ts';

const route = createRoute({
  method: 'get',
  path: '/admin/flags',
  operationId: 'listFlags',
  summary: 'What a person should look at',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: PageQuery },
  responses: { 200: json(listOf(OpsFlag), 'Open flags'), ...fails(...FOR_ROLES, 'validation_failed') },
});

export const listFlags = defineRoute(route, async (c) => {
  const page = await listOpenFlags(c.var.deps.db, pageAsk(c, c.req.valid('query')));
  return c.json(showPage(c, page, showOpsFlag), 200);
});
