import { createRoute, z } from '@hono/zod-openapi';
import { hashOfSecret, readSession, readUser, refreshSession } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, fromOf, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { showTokens, successorOf, TokenAnswer } from './signed-in-view.ts';

const Body = z.strictObject({ refresh_token: z.string().min(1).max(200) }).openapi('Refresh');

const route = createRoute({
  method: 'post',
  path: '/auth/refresh',
  operationId: 'refresh',
  summary: 'A new access token, and the next refresh token',
  description:
    'A refresh token is good once. Given again within ten seconds it answers the same; later, somebody else has it, and the session ends.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(TokenAnswer, 'The session goes on'),
    ...fails(
      ...SIGNING_IN,
      ...WITH_BODY,
      'refresh_token_invalid',
      'refresh_token_reused',
      'session_ended',
      'account_disabled',
    ),
  },
});

export const refresh = defineRoute(route, async (c) => {
  const { db, config } = c.var.deps;
  const { refresh_token: given } = c.req.valid('json');
  const successor = successorOf(c, given);
  const rotation = {
    tokenHash: hashOfSecret(given),
    successorHash: hashOfSecret(successor),
    ttlMs: config.SESSION_TTL,
    idleMs: config.SESSION_IDLE,
  };
  const sessionId = await refreshSession(db, rotation, fromOf(c));
  const session = await readSession(db, sessionId);
  const user = session && (await readUser(db, session.userId));
  if (session === null || user === null) throw new VezaError('session_ended', 'The account is gone.');
  if (user.status === 'disabled' || user.isBarred) {
    throw new VezaError('account_disabled', 'The account was disabled; ask the support.');
  }
  c.header('Cache-Control', 'no-store');
  return c.json(await showTokens(c, user, session, successor), 200);
});
