import { createMiddleware } from 'hono/factory';
import { v7 as uuidv7 } from 'uuid';
import type { ApiEnv, AppDeps } from '../context.ts';

/** Goes into logs, headers and workflow memos: nothing that could break a line or a header. */
const SANE = /^[A-Za-z0-9._:=+/-]{1,128}$/;

/** Lists, statements and what pages show. Whether this process is alive and ready is asked on the other way. */
const onlyLooks = ({ method, path }: { method: string; path: string }) =>
  (method === 'GET' || method === 'HEAD') && path.startsWith('/api/');

/**
 * Names the request: the caller's `X-Request-Id` where it is sane, else a new one; and gives it what it needs of the
 * world. First of all middleware.
 */
export const requestId = (deps: AppDeps) => {
  const looking: AppDeps = { ...deps, db: deps.reads };
  return createMiddleware<ApiEnv>(async (c, next) => {
    const given = c.req.header('x-request-id') ?? '';
    const id = SANE.test(given) ? given : uuidv7();
    c.set('deps', onlyLooks(c.req) ? looking : deps);
    c.set('requestId', id);
    c.set('log', deps.log.child({ requestId: id }));
    c.header('X-Request-Id', id);
    await next();
  });
};
