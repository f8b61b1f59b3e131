import { createRoute, z } from '@hono/zod-openapi';
import { endOwnSession } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { actorOf, defineRoute, fails, idParam, OWN_ACCOUNT } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';

const route = createRoute({
  method: 'delete',
  path: '/users/me/sessions/{sessionId}',
  operationId: 'endSession',
  summary: 'End one of your sessions',
  tags: ['Account'],
  ...ownAccount(),
  request: { params: z.object({ sessionId: idParam('sessionId') }) },
  responses: {
    204: { description: 'It has ended, and counts no more from the next call on' },
    ...fails(...OWN_ACCOUNT, 'validation_failed', 'session_not_found'),
  },
});

export const endSession = defineRoute(route, async (c) => {
  const { sessionId } = c.req.valid('param');
  const { caller, deps } = c.var;
  const wasOpen = await endOwnSession(deps.db, { userId: caller.userId, sessionId }, 'revoked', actorOf(c));
  if (!wasOpen) throw new VezaError('session_not_found', 'You have no open session with this id.');
  return c.body(null, 204);
});
