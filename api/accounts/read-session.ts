import { createRoute, z } from '@hono/zod-openapi';
import { readSession as readSessionRow } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, json, OWN_ACCOUNT } from '../kernel/index.ts';
import { alsoWhileLeaving, ownAccount } from '../middleware/access.ts';
import { csrfTokenOf } from '../middleware/origins.ts';
import { cookieSecret } from '../middleware/session-cookie.ts';
import { Session, showSession } from './session-view.ts';
import { readOwnUser } from './signed-in-view.ts';
import { showUser, User } from './user-view.ts';

const route = createRoute({
  method: 'get',
  path: '/auth/session',
  operationId: 'readSession',
  summary: 'This session, and who it is of',
  tags: ['Account'],
  ...alsoWhileLeaving(ownAccount()),
  responses: {
    200: json(
      z.object({
        session: Session,
        user: User,
        csrf_token: z
          .string()
          .nullable()
          .openapi({ description: 'For X-CSRF-Token; null where a bearer token was sent, which needs none' }),
      }),
      'The session',
    ),
    ...fails(...OWN_ACCOUNT),
  },
});

export const readSession = defineRoute(route, async (c) => {
  const { session: known, deps } = c.var;
  const session = known && (await readSessionRow(deps.db, known.id));
  if (session === null) throw new VezaError('session_ended', 'The session has ended: sign in again.');
  const user = await readOwnUser(c);
  const secret = cookieSecret(c);
  c.header('Cache-Control', 'no-store');
  return c.json(
    {
      session: showSession(session),
      user: showUser(user),
      csrf_token: secret === undefined ? null : csrfTokenOf(secret),
    },
    200,
  );
});
