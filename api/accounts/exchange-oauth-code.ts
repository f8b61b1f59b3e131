import { createRoute, z } from '@hono/zod-openapi';
import { oauthCodeInvalid, readOauthCode, readUser, useOauthCode } from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { defineRoute, fails, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { oauthSecret } from '../middleware/session-cookie.ts';
import { askSecondFactor, openSessionFor, SessionAsk, SignInAnswer } from './signed-in-view.ts';

const Body = z
  .strictObject({
    code: z
      .string()
      .min(1)
      .max(200)
      .openapi({ description: 'From the fragment that the browser came back with' }),
    session: SessionAsk,
  })
  .openapi('ExchangeOauthCode');

const route = createRoute({
  method: 'post',
  path: '/auth/oauth/exchange',
  operationId: 'exchangeOauthCode',
  summary: 'Get a session for the code of a sign-in by another provider',
  description: 'From the browser that came back with it, with credentials: its cookie is looked at too.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(SignInAnswer, 'A session, or what a second factor is given for'),
    ...fails(...SIGNING_IN, ...WITH_BODY, 'token_invalid', 'account_disabled', 'invalid_credentials'),
  },
});

export const exchangeOauthCode = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { code, session } = c.req.valid('json');
  const browser = oauthSecret(c);
  if (browser === undefined) throw oauthCodeInvalid();
  const userId = await readOauthCode(db, code, browser);
  const user = userId === null ? null : await readUser(db, userId);
  if (user === null) throw oauthCodeInvalid();
  const useUp = (tx: Tx) => useOauthCode(tx, code, browser);
  const proved = { session, amr: ['oauth'], passwordHash: null, useUp } as const;
  return c.json(await (user.isTwoFactorEnabled ? askSecondFactor : openSessionFor)(c, user, proved), 200);
});
