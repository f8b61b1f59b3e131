import { createRoute } from '@hono/zod-openapi';
import { endOtherSessions as endOtherSessionsVerb } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, OWN_ACCOUNT } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { inSession } from './signed-in-view.ts';

const route = createRoute({
  method: 'delete',
  path: '/users/me/sessions',
  operationId: 'endOtherSessions',
  summary: 'End all your sessions but this one',
  tags: ['Account'],
  ...ownAccount(),
  responses: { 204: { description: 'This one alone is open' }, ...fails(...OWN_ACCOUNT) },
});

export const endOtherSessions = defineRoute(route, async (c) => {
  await endOtherSessionsVerb(c.var.deps.db, inSession(c), actorOf(c));
  return c.body(null, 204);
});
