import { createRoute, z } from '@hono/zod-openapi';
import { v7 as uuidv7 } from 'uuid';
import { createOwnApiKey, makeKey } from '../../db/accounts/index.ts';
import { API_KEY_NAME_MAX_CHARS, READS_PER_HOUR, WRITES_PER_HOUR } from '../../domain/accounts/index.ts';
import {
  actorOf,
  asDate,
  defineRoute,
  fails,
  json,
  jsonBody,
  OWN_ACCOUNT,
  ValidationError,
  WITH_BODY,
} from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { ApiKey, showApiKey } from './api-key-view.ts';
import { Password } from './fields-view.ts';
import { REAUTHENTICATED, reauthenticateOrFresh } from './reauthenticate.ts';
import { readOwnUser } from './signed-in-view.ts';

const Body = z
  .strictObject({
    name: z.string().trim().min(1).max(API_KEY_NAME_MAX_CHARS).openapi({ example: 'my script' }),
    scopes: z.array(z.enum(['read', 'write'])).min(1),
    expires_at: z.iso.datetime({ offset: true }).transform(asDate).optional().openapi({
      type: 'string',
      format: 'date-time',
      description: 'When it stops working; left out: when it is revoked',
    }),
    password: Password.optional().openapi({
      description: 'Needed where you signed in longer than ten minutes ago',
    }),
  })
  .openapi('NewOwnApiKey');

const route = createRoute({
  method: 'post',
  path: '/me/api-keys',
  operationId: 'makeOwnApiKey',
  summary: 'Make an API key of your own',
  description:
    'It acts as you, with your role at each call, and never as an admin. The key is in this answer and nowhere else. Twenty work at a time.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(Body) },
  responses: {
    201: json(
      z.object({ api_key: ApiKey, key: z.string().openapi({ description: 'Shown this once' }) }),
      'The key, and what is known of it from now on',
    ),
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...REAUTHENTICATED, 'too_many_api_keys'),
  },
});

export const makeOwnApiKey = defineRoute(route, async (c) => {
  const { db, now } = c.var.deps;
  const { name, scopes, expires_at: expiresAt = null, password } = c.req.valid('json');
  if (expiresAt !== null && expiresAt <= now()) {
    throw new ValidationError([{ field: 'expires_at', in: 'body', message: 'Lies in the past' }]);
  }
  const user = await readOwnUser(c);
  await reauthenticateOrFresh(c, user, password);
  const { key, prefix, keyHash } = makeKey();
  const limits = { readsPerHour: READS_PER_HOUR, writesPerHour: WRITES_PER_HOUR };
  const toKeep = { id: uuidv7(), userId: user.id, name, scopes, expiresAt, prefix, keyHash, ...limits };
  const apiKey = await db.transaction((tx) => createOwnApiKey(tx, toKeep, actorOf(c)));
  c.header('Cache-Control', 'no-store');
  return c.json({ api_key: showApiKey(apiKey), key }, 201);
});
