import { createRoute } from '@hono/zod-openapi';
import { listApiKeys } from '../../db/accounts/index.ts';
import {
  defineRoute,
  fails,
  json,
  listOf,
  OWN_ACCOUNT,
  pageAsk,
  PageQuery,
  showPage,
} from '../kernel/index.ts';
import { alsoWhileLeaving, ownAccount } from '../middleware/access.ts';
import { ApiKey, showApiKey } from './api-key-view.ts';

const route = createRoute({
  method: 'get',
  path: '/me/api-keys',
  operationId: 'listOwnApiKeys',
  summary: 'API keys that act as you, also those that expired or were revoked',
  tags: ['Account'],
  ...alsoWhileLeaving(ownAccount()),
  request: { query: PageQuery },
  responses: {
    200: json(listOf(ApiKey), 'What is known of the keys; never the keys themselves'),
    ...fails(...OWN_ACCOUNT, 'validation_failed'),
  },
});

export const listOwnApiKeys = defineRoute(route, async (c) => {
  const { caller, deps } = c.var;
  const page = await listApiKeys(deps.db, { userId: caller.userId, ask: pageAsk(c, c.req.valid('query')) });
  return c.json(showPage(c, page, showApiKey), 200);
});
