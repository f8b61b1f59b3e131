import { createRoute } from '@hono/zod-openapi';
import { endOwnSession } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, OWN_ACCOUNT } from '../kernel/index.ts';
import { alsoWhileLeaving, ownAccount } from '../middleware/access.ts';
import { endSessionCookie } from '../middleware/session-cookie.ts';

const route = createRoute({
  method: 'post',
  path: '/auth/logout',
  operationId: 'logout',
  summary: 'End this session',
  tags: ['Account'],
  ...alsoWhileLeaving(ownAccount()),
  responses: { 204: { description: 'It has ended' }, ...fails(...OWN_ACCOUNT) },
});

export const logout = defineRoute(route, async (c) => {
  const { caller, session, deps } = c.var;
  if (session !== null) {
    await endOwnSession(deps.db, { userId: caller.userId, sessionId: session.id }, 'logout', actorOf(c));
  }
  endSessionCookie(c);
  return c.body(null, 204);
});
