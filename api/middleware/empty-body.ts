import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../context.ts';
import { readBytes } from '../kernel/index.ts';

/**
 * Many clients send `Content-Type: application/json` with no body; where the body is optional, that counts as no
 * body.
 */
export const emptyBodyIsNone = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.req.header('content-type') !== undefined && (await readBytes(c)).length === 0) {
    const headers = new Headers(c.req.raw.headers);
    headers.delete('content-type');
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers });
  }
  await next();
});
