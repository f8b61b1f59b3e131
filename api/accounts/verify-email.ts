import { createRoute, z } from '@hono/zod-openapi';
import { readUser, verifyEmail as verifyEmailVerb } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, fromOf, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { LinkToken } from './fields-view.ts';
import { showUser, User } from './user-view.ts';

const route = createRoute({
  method: 'post',
  path: '/auth/verify-email',
  operationId: 'verifyEmail',
  summary: 'Confirm an address by the link of its mail',
  description: 'Signs nobody in. Mail scanners open links, so only a POST uses one up.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(z.strictObject({ token: LinkToken }).openapi('VerifyEmail')) },
  responses: {
    200: json(
      z.object({
        user: User,
        already_verified: z.literal(true).optional().openapi({ description: 'It was confirmed before' }),
      }),
      'The address is confirmed',
    ),
    ...fails(...SIGNING_IN, ...WITH_BODY, 'token_invalid', 'user_not_found'),
  },
});

export const verifyEmail = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { userId, wasVerified } = await verifyEmailVerb(db, c.req.valid('json').token, fromOf(c));
  const user = await readUser(db, userId);
  if (user === null) throw new VezaError('user_not_found', 'The account is gone.');
  return c.json({ user: showUser(user), ...(wasVerified && { already_verified: true as const }) }, 200);
});
