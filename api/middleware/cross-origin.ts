import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../context.ts';
import { sayHeader, sayVaries } from './say-header.ts';

const METHODS = 'GET,POST,PUT,PATCH,DELETE';
const ASKED_WITH = 'Authorization,Content-Type,Idempotency-Key,X-Request-Id,Last-Event-ID,X-CSRF-Token';
const SHOWN = 'X-Request-Id,Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset';
const PREFLIGHT_KEPT_S = '600';

/**
 * Browsers may call only from the listed origins (https://fetch.spec.whatwg.org/#http-cors-protocol). They may
 * send the cookie of a session, which X-CSRF-Token guards. Nothing here opens /ops, which knows cookies. Callers that are no browsers name
 * no origin, and get no more than `Vary`.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const listed = new Set(origins);
  return (c, next) => {
    const { method, path } = c.req;
    if (path === '/ops' || path.startsWith('/ops/')) return next();
    sayVaries(c, 'Origin');
    const origin = c.req.header('origin');
    if (origin !== undefined) {
      if (listed.has(origin)) {
        sayHeader(c, 'Access-Control-Allow-Origin', origin);
        sayHeader(c, 'Access-Control-Allow-Credentials', 'true');
      }
      sayHeader(c, 'Access-Control-Expose-Headers', SHOWN);
    }
    if (method !== 'OPTIONS') return next();
    sayVaries(c, 'Access-Control-Request-Headers');
    sayHeader(c, 'Access-Control-Allow-Methods', METHODS);
    sayHeader(c, 'Access-Control-Allow-Headers', ASKED_WITH);
    sayHeader(c, 'Access-Control-Max-Age', PREFLIGHT_KEPT_S);
    return Promise.resolve(c.body(null, 204));
  };
}
