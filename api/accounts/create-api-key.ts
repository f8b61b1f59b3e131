import { createRoute, z } from '@hono/zod-openapi';
import {
  API_KEY_NAME_MAX_CHARS,
  API_KEY_SCOPES,
  CALLS_PER_HOUR_MAX,
  READS_PER_HOUR,
  WRITES_PER_HOUR,
} from '../../domain/accounts/api-keys.ts';
import { makeApiKey } from '../../operations/accounts/index.ts';
import {
  actorOf,
  fails,
  FOR_ROLES,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  ValidationError,
  asDate,
  Id,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { ApiKey, showApiKey } from './api-key-view.ts';
import { Approval, showApproval } from '../approvals/index.ts';

const perHour = (preset: number) => z.int().min(1).max(CALLS_PER_HOUR_MAX).default(preset);

const Body = z
  .strictObject({
    user_id: Id.openapi({ description: 'The user that the key acts as, with their role at each call' }),
    name: z.string().trim().min(1).max(API_KEY_NAME_MAX_CHARS).openapi({ example: 'nightly export' }),
    scopes: z.array(z.enum(API_KEY_SCOPES)).min(1),
    expires_at: z.iso.datetime({ offset: true }).transform(asDate).optional().openapi({
      type: 'string',
      format: 'date-time',
      description: 'When it stops working; left out: when it is revoked',
    }),
    reads_per_hour: perHour(READS_PER_HOUR),
    writes_per_hour: perHour(WRITES_PER_HOUR),
    reason: reason().optional(),
  })
  .openapi('NewApiKey');

const route = createRoute({
  method: 'post',
  path: '/admin/api-keys',
  operationId: 'createApiKey',
  summary: 'Make an API key',
  description:
    'The key is in this answer and nowhere else. Where the answer was lost, revoke the key that the list shows. For anybody else than yourself it takes a bearer token, a reason and a second admin; with the scope `admin` everybody makes one for itself alone, with a bearer token. A key that is made with a key is revoked and expires with it.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { body: jsonBody(Body) },
  responses: {
    201: json(
      z.object({ api_key: ApiKey, key: z.string().openapi({ description: 'Shown this once' }) }),
      'The key, and what is known of it from now on',
    ),
    202: json(
      z.object({
        approval: Approval,
        key: z
          .string()
          .openapi({ description: 'Shown only here; it does not work until another admin agrees' }),
      }),
      'For somebody else: it waits for another’s approval',
    ),
    ...fails(...FOR_ROLES, ...WITH_BODY, 'person_required'),
  },
});

export const createApiKey = defineRoute(route, async (c) => {
  const { db, now } = c.var.deps;
  const body = c.req.valid('json');
  const expiresAt = body.expires_at ?? null;
  if (expiresAt !== null && expiresAt <= now()) {
    throw new ValidationError([{ field: 'expires_at', in: 'body', message: 'Lies in the past' }]);
  }
  c.set('mayStillBeCarriedOut', true);
  const asked = {
    userId: body.user_id,
    name: body.name,
    scopes: body.scopes,
    expiresAt,
    readsPerHour: body.reads_per_hour,
    writesPerHour: body.writes_per_hour,
  };
  const act = { ...actorOf(c), ...(body.reason !== undefined && { reason: body.reason }) };
  const made = await makeApiKey({ db }, asked, act);
  const { key } = made;
  c.header('Cache-Control', 'no-store');
  if ('awaits' in made) return c.json({ approval: showApproval(made.awaits), key }, 202);
  return c.json({ api_key: showApiKey(made.apiKey), key }, 201);
});
