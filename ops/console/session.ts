import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import { CONSOLE_COOKIE } from '../../domain/operators/index.ts';
import { type Caller, hasSecondFactor } from '../../domain/accounts/index.ts';
import { clientOf } from './client-of.ts';
import type { ConsoleDeps, ConsoleEnv, Session } from './deps.ts';

/** Browsers drop cookies above 4,096 bytes without a word. */
export const TOKEN_MAX_BYTES = 3_800;

/** Browsers keep a cookie for 400 days at most. */
const COOKIE_MAX_AGE_S = 400 * 24 * 60 * 60;

/** A session's secret, or an identity provider's token, in a cookie that scripts cannot read and other sites cannot send. */
export function openSession(c: Context<ConsoleEnv>, deps: ConsoleDeps, token: string, ttlMs: number): void {
  const leftS = Math.floor(ttlMs / 1000);
  const maxAge = Math.min(Math.max(leftS, 0), COOKIE_MAX_AGE_S);
  setCookie(c, CONSOLE_COOKIE, token, { ...cookieOf(c, deps), maxAge });
}

export const closeSession = (c: Context<ConsoleEnv>, deps: ConsoleDeps): void =>
  void deleteCookie(c, CONSOLE_COOKIE, cookieOf(c, deps));

export const hasCookie = (c: Context<ConsoleEnv>): boolean => getCookie(c, CONSOLE_COOKIE) !== undefined;

const cookieOf = (c: Context<ConsoleEnv>, deps: ConsoleDeps) =>
  ({ path: '/ops', httpOnly: true, sameSite: 'Strict', secure: clientOf(c, deps).isHttps }) as const;

/** The admin whose session's secret came in the cookie, or whose token came as `Authorization: Bearer` from a script. */
async function readSession(c: Context<ConsoleEnv>, deps: ConsoleDeps): Promise<Session> {
  const sent = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const token = sent ?? getCookie(c, CONSOLE_COOKIE);
  if (token === undefined) throw new VezaError('unauthenticated', 'You are not signed in.');
  const isSecret = sent === undefined && deps.identity === 'own';
  const { caller, session } = await (isSecret ? deps.callerOfConsole : deps.callerOf)(token);
  assertAdmin(caller);
  return {
    caller,
    token,
    sessionId: session?.id ?? null,
    isOfConsole: isSecret,
    authenticatedAtMs: session?.authenticatedAtMs ?? null,
    isProved: session === null || hasSecondFactor(session.amr),
  };
}

export function assertAdmin({ role }: Caller): void {
  if (role !== 'admin') {
    throw new VezaError('forbidden', `The console is for admins; you are a ${role}.`);
  }
}

/** What opens, to the cookie alone, before a second factor is set up. */
const BEFORE_SECOND_FACTOR: ReadonlySet<string> = new Set(['/ops/second-factor', '/ops/logout']);

/**
 * Lets admins through, and sets `session`; who still needs a second factor is led to its set-up. Throws `unauthenticated`,
 * `session_ended`, `forbidden` and `two_factor_required`.
 */
export const consoleAdmin = (deps: ConsoleDeps) =>
  createMiddleware<ConsoleEnv>(async (c, next) => {
    const session = await readSession(c, deps);
    c.set('session', session);
    c.set('log', c.var.log.child({ userId: session.caller.userId }));
    const isOpen = session.isOfConsole && BEFORE_SECOND_FACTOR.has(c.req.path);
    if (deps.needsSecondFactor && !session.isProved && !isOpen) {
      if (c.req.method === 'GET' && session.isOfConsole) return c.redirect('/ops/second-factor', 303);
      throw new VezaError('two_factor_required', 'Set up a second factor first.');
    }
    await next();
    return undefined;
  });

/**
 * What a form has to bring back: only the holder of the token can make it, and it is worth nothing in another
 * session. So nothing is kept for it, and every API process takes every form.
 */
export const formToken = ({ token }: Session): string =>
  createHmac('sha256', token).update('veza console form').digest('base64url');

export function isFormToken(session: Session, given: string): boolean {
  const [expected, got] = [Buffer.from(formToken(session)), Buffer.from(given)];
  return expected.length === got.length && timingSafeEqual(expected, got);
}
