import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import type { ApiEnv } from '../context.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Reports each request to the observer of this process, by its route's template: anybody can invent paths. */
export const observe = createMiddleware<ApiEnv>(async (c, next) => {
  const { observer } = c.get('deps');
  const method = METHODS.has(c.req.method) ? c.req.method : 'OTHER';
  await observer.request(
    { method, requestId: c.get('requestId'), traceparent: c.req.header('traceparent') },
    async () => {
      await next();
      const route = matchedRoutes(c).findLast(({ path }) => !path.endsWith('*'))?.path;
      return { route: route ?? 'unmatched', status: c.res.status };
    },
  );
});
