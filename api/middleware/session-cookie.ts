import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie, setCookie, deleteCookie } from 'hono/cookie';
import type { ApiEnv } from '../context.ts';
import { keyFor } from './keys.ts';

/** `__Host-`: set over https by this very host, for all of it, and for no other (RFC 6265bis, 4.1.3.2). */
const OF_HOST = { prefix: 'host', path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const;
const SESSION = 'veza';
const KNOWN = 'veza-known';
const OAUTH = 'veza-oauth';
/** As long as a way to a provider is good, and the code that ends it. */
const OAUTH_FOR_S = 11 * 60;
const OAUTH_SECRET = /^[\w-]{43}$/;
/** The longest that browsers keep a cookie. */
const KNOWN_FOR_S = 400 * 24 * 60 * 60;

/** The secret of the browser's session; undefined where the request brings none. */
export const cookieSecret = (c: Context<ApiEnv>): string | undefined =>
  c.req.header('cookie') === undefined ? undefined : getCookie(c, SESSION, 'host');

export const setSessionCookie = (c: Context<ApiEnv>, secret: string, ttlMs: number): void =>
  setCookie(c, SESSION, secret, { ...OF_HOST, maxAge: Math.floor(ttlMs / 1000) });

export const endSessionCookie = (c: Context<ApiEnv>): void => {
  deleteCookie(c, SESSION, OF_HOST);
};

/** Notes in the browser that somebody has signed in there: others who fail from elsewhere do not lock it out. */
export function setKnownCookie(c: Context<ApiEnv>, userId: string): void {
  setCookie(c, KNOWN, `${userId}.${signatureOf(c, userId)}`, { ...OF_HOST, maxAge: KNOWN_FOR_S });
}

export function isKnownBrowserOf(c: Context<ApiEnv>, userId: string): boolean {
  const [of, signature = ''] = (getCookie(c, KNOWN, 'host') ?? '').split('.');
  const [given, expected] = [Buffer.from(signature), Buffer.from(signatureOf(c, userId))];
  return of === userId && given.length === expected.length && timingSafeEqual(given, expected);
}

const signatureOf = (c: Context<ApiEnv>, userId: string): string =>
  createHmac('sha256', keyFor(c.var.deps.config, 'known browsers')).update(userId).digest('base64url');

/** What binds a way to a provider to this browser. One that it has already serves its other tabs too. */
export function bindOauth(c: Context<ApiEnv>): string {
  const secret = oauthSecret(c) ?? randomBytes(32).toString('base64url');
  setCookie(c, OAUTH, secret, { ...OF_HOST, maxAge: OAUTH_FOR_S });
  return secret;
}

/** Undefined where the browser began no such way. */
export function oauthSecret(c: Context<ApiEnv>): string | undefined {
  const secret = getCookie(c, OAUTH, 'host');
  return secret !== undefined && OAUTH_SECRET.test(secret) ? secret : undefined;
}
