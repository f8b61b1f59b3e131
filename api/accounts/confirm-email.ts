import { createRoute, z } from '@hono/zod-openapi';
import { confirmNewEmail, readUser } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, fromOf, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { LinkToken } from './fields-view.ts';
import { showUser, User } from './user-view.ts';

const route = createRoute({
  method: 'post',
  path: '/auth/confirm-email',
  operationId: 'confirmEmail',
  summary: 'Confirm another address by the link of its mail',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(z.strictObject({ token: LinkToken }).openapi('ConfirmEmail')) },
  responses: {
    200: json(z.object({ user: User }), 'The address counts from now on'),
    ...fails(...SIGNING_IN, ...WITH_BODY, 'token_invalid', 'account_exists', 'user_not_found'),
  },
});

export const confirmEmail = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const user = await readUser(db, await confirmNewEmail(db, c.req.valid('json').token, fromOf(c)));
  if (user === null) throw new VezaError('user_not_found', 'The account is gone.');
  return c.json({ user: showUser(user) }, 200);
});
