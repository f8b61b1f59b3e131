import { createHmac, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import type { ApiConfig, ApiEnv } from '../context.ts';

type Origins = Pick<ApiConfig, 'CORS_ORIGINS' | 'APP_URL' | 'API_URL'>;

/** Whether a page of this origin is one of ours, or one that the operator lets in. */
function isOurs(origin: string, { CORS_ORIGINS, APP_URL, API_URL }: Origins): boolean {
  const own = [APP_URL, API_URL].flatMap((url) => (url === undefined ? [] : new URL(url).origin));
  return [...CORS_ORIGINS, ...own].includes(origin);
}

/** For calls that make a session: a browser names the page that it sends them from. Throws `csrf_failed`. */
export const onlyFromOurPages = createMiddleware<ApiEnv>(async (c, next) => {
  const origin = c.req.header('origin');
  if (origin !== undefined && !isOurs(origin, c.var.deps.config)) throw foreign();
  await next();
});

/** What a page sends in `X-CSRF-Token`: only who has the session's secret, or was told by us, can make it. */
export const csrfTokenOf = (secret: string): string =>
  createHmac('sha256', secret).update('veza csrf').digest('base64url');

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What a cookie has to bring along, since a browser sends it from every page. Throws `csrf_failed`. */
export function assertFromOurPage(
  req: { readonly method: string; header(name: string): string | undefined },
  secret: string,
  config: Origins,
): void {
  if (SAFE.has(req.method)) return;
  const origin = req.header('origin');
  if (origin === undefined || !isOurs(origin, config)) throw foreign();
  const given = Buffer.from(req.header('x-csrf-token') ?? '');
  const expected = Buffer.from(csrfTokenOf(secret));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new VezaError('csrf_failed', 'Send in X-CSRF-Token what GET /auth/session answers.');
  }
}

const foreign = () =>
  new VezaError('csrf_failed', 'The Origin of this call is none of ours and none of CORS_ORIGINS.');
