import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type OwnUser, readUserByEmail, strengthenHash } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { defineRoute, fails, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { Address, Password } from './fields-view.ts';
import { provePassword } from './prove-password.ts';
import { askSecondFactor, openSessionFor, SessionAsk, SignInAnswer } from './signed-in-view.ts';

const Body = z.strictObject({ email: Address, password: Password, session: SessionAsk }).openapi('Login');

const route = createRoute({
  method: 'post',
  path: '/auth/login',
  operationId: 'login',
  summary: 'Sign in by e-mail and password',
  description:
    'An address that nobody has and a wrong password are answered alike. After five failures a client waits, for one account, a minute, and twice as long each time up to fifteen.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(SignInAnswer, 'A session, or what a second factor is given for'),
    ...fails(
      ...SIGNING_IN,
      ...WITH_BODY,
      'invalid_credentials',
      'email_not_verified',
      'account_disabled',
      'too_many_attempts',
    ),
  },
});

export const login = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { email, password, session } = c.req.valid('json');
  const user = await readUserByEmail(db, email);
  const { isWeak } = await provePassword(c, { email, user, password });
  const passwordHash = user?.passwordHash ?? null;
  if (user === null || passwordHash === null) throw new Error('a password was right that nobody has');
  refuseUnlessOpen(user);
  const kept = isWeak ? await strengthen(c, user.id, password, passwordHash) : passwordHash;
  const proved = { session, amr: ['pwd'], passwordHash: kept } as const;
  return c.json(await (user.isTwoFactorEnabled ? askSecondFactor : openSessionFor)(c, user, proved), 200);
});

/** Only the right password earns these. A closing account may still sign in. */
function refuseUnlessOpen({ status, isBarred, isVerified }: OwnUser): void {
  if (status === 'disabled' || isBarred) {
    throw new VezaError('account_disabled', 'The account was disabled; ask the support.');
  }
  if (!isVerified)
    throw new VezaError('email_not_verified', 'Follow the link in the mail that we sent first.');
}

async function strengthen(
  c: Context<ApiEnv>,
  userId: string,
  password: string,
  weak: string,
): Promise<string> {
  const { db, passwords } = c.var.deps;
  const strong = await passwords.hash(password);
  await strengthenHash(db, userId, { weak, strong });
  return strong;
}
