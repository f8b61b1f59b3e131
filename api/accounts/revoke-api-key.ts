import { createRoute, z } from '@hono/zod-openapi';
import { revokeApiKey as revokeApiKeyVerb } from '../../db/accounts/revoke-api-key.ts';
import { actorOf, fails, FOR_ROLES, defineRoute, json, idParam, reason } from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { ApiKey, showApiKey } from './api-key-view.ts';

const Params = z.object({ apiKeyId: idParam('apiKeyId') });
// Proxies drop the body of a DELETE.
const Query = z.object({ reason: reason().optional() });

const route = createRoute({
  method: 'delete',
  path: '/admin/api-keys/{apiKeyId}',
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key, for good',
  description:
    'It opens nothing from the next call on, nor do the keys that were made with it. Repeated, it changes nothing.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { params: Params, query: Query },
  responses: {
    200: json(z.object({ api_key: ApiKey }), 'The key as it is kept'),
    ...fails(...FOR_ROLES, 'validation_failed', 'api_key_not_found'),
  },
});

export const revokeApiKey = defineRoute(route, async (c) => {
  const { apiKeyId } = c.req.valid('param');
  const { reason: why } = c.req.valid('query');
  const act = { ...actorOf(c), ...(why !== undefined && { reason: why }) };
  const apiKey = await revokeApiKeyVerb(c.var.deps.db, apiKeyId, act);
  return c.json({ api_key: showApiKey(apiKey) }, 200);
});
