import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../context.ts';

/** One line for each request, once it is answered. The query string stays out: people put anything into it. */
export const accessLog = createMiddleware<ApiEnv>(async (c, next) => {
  const startedMs = performance.now();
  await next();
  c.get('log').info(
    {
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      durationMs: Math.round((performance.now() - startedMs) * 10) / 10,
    },
    'request',
  );
});
