import { createRoute, z } from '@hono/zod-openapi';
import { SignJWT } from 'jose';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, json, OWN_ACCOUNT, Time, time } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';

const TTL_MS = 5 * 60_000;

const route = createRoute({
  method: 'post',
  path: '/auth/chat-token',
  operationId: 'makeChatToken',
  summary: 'A token for the chat',
  description: 'Good for five minutes, and for the chat alone. There is none unless CHAT_JWT_SECRET is set.',
  tags: ['Account'],
  ...ownAccount(),
  responses: {
    200: json(z.object({ token: z.string(), expires_at: Time }), 'The token'),
    ...fails(...OWN_ACCOUNT, 'not_found'),
  },
});

export const makeChatToken = defineRoute(route, async (c) => {
  const { caller, deps } = c.var;
  const { CHAT_JWT_SECRET: secret, JWT_ISSUER: issuer } = deps.config;
  if (secret === undefined) throw new VezaError('not_found', 'There is no chat here.');
  const at = deps.now();
  const expiresAt = new Date(at.getTime() + TTL_MS);
  const token = await new SignJWT({ role: caller.role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(caller.userId)
    .setIssuer(issuer)
    .setAudience('chat')
    .setIssuedAt(at)
    .setExpirationTime(expiresAt)
    .sign(new TextEncoder().encode(secret));
  c.header('Cache-Control', 'no-store');
  return c.json({ token, expires_at: time(expiresAt) }, 200);
});
