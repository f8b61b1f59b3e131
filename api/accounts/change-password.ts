import { createRoute, z } from '@hono/zod-openapi';
import { changePassword as changePasswordVerb } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { acceptPassword } from './accept-password.ts';
import { Password } from './fields-view.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { inSession, readOwnUser } from './signed-in-view.ts';

const Body = z
  .strictObject({
    current_password: Password.optional().openapi({
      description: 'Left out by who has none; then a sign-in of the last ten minutes counts',
    }),
    new_password: Password,
  })
  .openapi('ChangePassword');

const route = createRoute({
  method: 'put',
  path: '/users/me/password',
  operationId: 'changePassword',
  summary: 'Change your password',
  description: 'All your other sessions end, and links in mails of before are dead.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(Body) },
  responses: {
    204: { description: 'It counts from now on' },
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...REAUTHENTICATED, 'password_refused'),
  },
});

export const changePassword = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { current_password: current, new_password: password } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, current);
  const becomes = await acceptPassword(c, { password, email: user.email });
  await changePasswordVerb(db, inSession(c), { was: user.passwordHash, becomes }, actorOf(c));
  return c.body(null, 204);
});
