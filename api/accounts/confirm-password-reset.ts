import { createRoute, z } from '@hono/zod-openapi';
import { addressOfReset, resetPassword } from '../../db/accounts/index.ts';
import { defineRoute, fails, fromOf, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { acceptPassword } from './accept-password.ts';
import { LinkToken, Password } from './fields-view.ts';

const Body = z.strictObject({ token: LinkToken, password: Password }).openapi('ConfirmPasswordReset');

const route = createRoute({
  method: 'post',
  path: '/auth/password-reset/confirm',
  operationId: 'confirmPasswordReset',
  summary: 'Choose a password by the link of a mail',
  description:
    'For a reset, and for an invitation. It confirms the address, ends all sessions and an admin’s keys with the scope `admin`, keeps the second factor, and signs nobody in.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(Body) },
  responses: {
    204: { description: 'Sign in with it' },
    ...fails(...SIGNING_IN, ...WITH_BODY, 'token_invalid', 'password_refused'),
  },
});

export const confirmPasswordReset = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { token, password } = c.req.valid('json');
  const email = await addressOfReset(db, token);
  const passwordHash = await acceptPassword(c, { password, email });
  await resetPassword(db, { token, passwordHash }, fromOf(c));
  return c.body(null, 204);
});
