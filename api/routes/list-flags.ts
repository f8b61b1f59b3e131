import { createRoute } from '@hono/zod-openapi';
import { listOpenFlags } from '../../db/queries/ops-flags.ts';
import { onlyRoles } from '../middleware/access.ts';
import { listOf, pageAsk, PageQuery, showPage } from '../pagination.ts';
import { fails, FOR_ROLES } from '../problem.ts';
import { defineRoute, json } from '../route.ts';
import { OpsFlag, showOpsFlag } from '../views/ops-flag.ts';

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
