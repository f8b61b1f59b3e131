import type { MiddlewareHandler } from 'hono';
import { v7 as uuidv7 } from 'uuid';
import type { ApiEnv, AppDeps } from '../context.ts';
import { sayHeader } from './say-header.ts';

/** The id goes into logs, headers and workflow memos, so it must not break a line or a header. */
const SANE = /^[A-Za-z0-9._:=+/-]{1,128}$/;

/**
 * Requests that only read: lists, seller statements and pages. Questions of health and readiness use the other connections.
 */
const onlyLooks = ({ method, path }: { method: string; path: string }) =>
  (method === 'GET' || method === 'HEAD') && path.startsWith('/api/');

/**
 * Names the request: the caller's `X-Request-Id` where it is sane, else a new one; and gives it the dependencies. The
 * first middleware of all.
 */
export const requestId = (deps: AppDeps): MiddlewareHandler<ApiEnv> => {
  const looking: AppDeps = { ...deps, db: deps.reads };
  return (c, next) => {
    const given = c.req.header('x-request-id') ?? '';
    const id = SANE.test(given) ? given : uuidv7();
    c.set('deps', onlyLooks(c.req) ? looking : deps);
    c.set('requestId', id);
    c.set('log', deps.log.child({ requestId: id }));
    sayHeader(c, 'X-Request-Id', id);
    return next();
  };
};
