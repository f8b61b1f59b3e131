import { createRoute } from '@hono/zod-openapi';
import { listApiKeys as listApiKeysQuery } from '../../db/accounts/api-keys.ts';
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
import { ApiKey, showApiKey } from './api-key-view.ts';

const Query = PageQuery.extend({ user_id: Id.optional() });

const route = createRoute({
  method: 'get',
  path: '/admin/api-keys',
  operationId: 'listApiKeys',
  summary: 'API keys, also those that expired or were revoked',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { query: Query },
  responses: {
    200: json(listOf(ApiKey), 'What is known of the keys; never the keys themselves'),
    ...fails(...FOR_ROLES, 'validation_failed'),
  },
});

export const listApiKeys = defineRoute(route, async (c) => {
  const query = c.req.valid('query');
  const page = await listApiKeysQuery(c.var.deps.db, { userId: query.user_id, ask: pageAsk(c, query) });
  return c.json(showPage(c, page, showApiKey), 200);
});
