import { createHmac, randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  openChallenge,
  type OwnUser,
  readUser,
  type Session as SessionRow,
  signIn,
} from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import type { AuthenticationMethod } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { fromOf, Time, time } from '../kernel/index.ts';
import { keyFor } from '../middleware/keys.ts';
import { csrfTokenOf } from '../middleware/origins.ts';
import { setKnownCookie, setSessionCookie } from '../middleware/session-cookie.ts';
import { accessTokenOf } from './access-token.ts';
import { Session, showSession } from './session-view.ts';
import { showUser, User } from './user-view.ts';

/** What an app asks for, and what a browser does. */
export const SessionAsk = z
  .enum(['token', 'cookie'])
  .default('token')
  .openapi({ description: '`cookie` for browsers: no token reaches a script' });

/** For an app. */
export const TokenAnswer = z
  .object({
    session: Session,
    user: User,
    access_token: z.string(),
    expires_in: z.int().openapi({ description: 'Seconds that the access token is good for' }),
    refresh_token: z.string().openapi({ description: 'Good once: each refresh answers with the next' }),
  })
  .openapi('SignedInByToken');

/** For a browser, with the cookie. */
const CookieAnswer = z
  .object({
    session: Session,
    user: User,
    csrf_token: z.string().openapi({ description: 'For X-CSRF-Token on every call that changes something' }),
  })
  .openapi('SignedInByCookie');

const SECOND_FACTORS = ['totp', 'backup_code'] as const;

const TwoFactorAnswer = z
  .object({
    two_factor: z.object({
      challenge: z.string().openapi({ description: 'For POST /auth/two-factor' }),
      methods: z.array(z.enum(SECOND_FACTORS)),
      expires_at: Time,
    }),
  })
  .openapi('SecondFactorAsked');

export const SessionAnswer = z.union([TokenAnswer, CookieAnswer]);
export const SignInAnswer = z.union([TokenAnswer, CookieAnswer, TwoFactorAnswer]);

const REFRESH_TOKEN_BYTES = 32;

/**
 * Opens a session of the kind that was asked for, and answers with it. `passwordHash` as it was when the password was compared.
 * `useUp` uses up, in the same transaction and once the account is locked, what the session is given for: a changed password ends
 * that or the session. Throws what both do.
 */
export async function openSessionFor(
  c: Context<ApiEnv>,
  user: OwnUser,
  {
    session: kind,
    amr,
    passwordHash,
    useUp,
  }: {
    readonly session: 'token' | 'cookie';
    readonly amr: readonly AuthenticationMethod[];
    readonly passwordHash: string | null;
    readonly useUp?: (tx: Tx) => Promise<void>;
  },
): Promise<z.infer<typeof SessionAnswer>> {
  const { db, config } = c.var.deps;
  const { ip = null, userAgent = null } = fromOf(c);
  const refreshToken = kind === 'token' ? randomBytes(REFRESH_TOKEN_BYTES).toString('base64url') : null;
  const terms = { ttlMs: config.SESSION_TTL, idleMs: config.SESSION_IDLE };
  const asked = { userId: user.id, passwordHash, kind, amr, ip, userAgent, refreshToken, ...terms };
  const { session, secret } = await db.transaction(async (tx) => {
    const opened = await signIn(tx, asked, fromOf(c));
    await useUp?.(tx);
    return opened;
  });
  setKnownCookie(c, user.id);
  c.header('Cache-Control', 'no-store');
  if (refreshToken !== null) return showTokens(c, user, session, refreshToken);
  setSessionCookie(c, secret, config.SESSION_TTL);
  return { session: showSession(session), user: showUser(user), csrf_token: csrfTokenOf(secret) };
}

/** Answers with what a code is given for, where the account has a second factor. As above; the kind of session is asked for then. */
export async function askSecondFactor(
  c: Context<ApiEnv>,
  user: OwnUser,
  { amr, passwordHash, useUp }: Omit<Parameters<typeof openSessionFor>[2], 'session'>,
): Promise<z.infer<typeof TwoFactorAnswer>> {
  const { token, expiresAt } = await c.var.deps.db.transaction(async (tx) => {
    const opened = await openChallenge(tx, { userId: user.id, amr, passwordHash });
    await useUp?.(tx);
    return opened;
  });
  c.header('Cache-Control', 'no-store');
  const methods = [...SECOND_FACTORS];
  return { two_factor: { challenge: token, methods, expires_at: time(expiresAt) } };
}

export async function showTokens(
  c: Context<ApiEnv>,
  user: OwnUser,
  session: SessionRow,
  refreshToken: string,
): Promise<z.infer<typeof TokenAnswer>> {
  const { config, now } = c.var.deps;
  const { token, expiresInS } = await accessTokenOf(config, { user, session, at: now() });
  return {
    session: showSession(session),
    user: showUser(user),
    access_token: token,
    expires_in: expiresInS,
    refresh_token: refreshToken,
  };
}

/**
 * The one token that follows another. Who repeats a refresh gets it again, though only hashes are stored; it cannot be found
 * without our secret.
 */
export const successorOf = (c: Context<ApiEnv>, refreshToken: string): string =>
  createHmac('sha256', keyFor(c.var.deps.config, 'refresh tokens')).update(refreshToken).digest('base64url');

/** The caller's own account. Throws `user_not_found`. */
export async function readOwnUser(c: Context<ApiEnv>): Promise<OwnUser> {
  const { userId } = c.var.caller;
  const user = await readUser(c.var.deps.db, userId);
  if (user === null) throw new VezaError('user_not_found', `There is no user ${userId}.`);
  return user;
}

/** Who calls, and in which session. */
export const inSession = (c: Context<ApiEnv>) => ({
  userId: c.var.caller.userId,
  sessionId: c.var.session?.id ?? null,
});
