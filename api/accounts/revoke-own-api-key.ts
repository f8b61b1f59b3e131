import { createRoute, z } from '@hono/zod-openapi';
import { revokeOwnApiKey as revokeOwnApiKeyVerb } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, idParam, json, OWN_ACCOUNT } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { ApiKey, showApiKey } from './api-key-view.ts';

const route = createRoute({
  method: 'delete',
  path: '/me/api-keys/{apiKeyId}',
  operationId: 'revokeOwnApiKey',
  summary: 'Revoke an API key that acts as you, for good',
  description: 'It opens nothing from the next call on. Repeated, it changes nothing.',
  tags: ['Account'],
  ...ownAccount(),
  request: { params: z.object({ apiKeyId: idParam('apiKeyId') }) },
  responses: {
    200: json(z.object({ api_key: ApiKey }), 'The key as it is kept'),
    ...fails(...OWN_ACCOUNT, 'validation_failed', 'api_key_not_found'),
  },
});

export const revokeOwnApiKey = defineRoute(route, async (c) => {
  const { apiKeyId } = c.req.valid('param');
  const { caller, deps } = c.var;
  const apiKey = await revokeOwnApiKeyVerb(deps.db, { userId: caller.userId, apiKeyId }, actorOf(c));
  return c.json({ api_key: showApiKey(apiKey) }, 200);
});
