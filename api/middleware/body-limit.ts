import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';

/** After these the rest of a body is not read, so nothing can follow it on its connection. */
const UNREAD: ReadonlySet<string> = new Set(['payload_too_large', 'body_too_slow', 'overloaded']);
const RETRY_OVERLOADED_AFTER_S = 2;

/** No body above 1 MiB is read, even without a stated length; a read body is held until the request is over. */
export const limitBody = createMiddleware<ApiEnv>(async (c, next) => {
  const { bodies } = c.get('deps');
  const { req } = c;
  try {
    await next();
  } finally {
    bodies.release(req);
  }
  if (!(c.error instanceof VezaError) || !UNREAD.has(c.error.code)) return;
  c.header('Connection', 'close');
  if (c.error.code === 'overloaded') c.header('Retry-After', String(RETRY_OVERLOADED_AFTER_S));
});

/** Runs after `limitBody`, so that a body whose stated length is too long is refused in the same way. */
export const refuseLongBody: MiddlewareHandler<ApiEnv> = (c, next) => {
  c.get('deps').bodies.assertLength(c.req);
  return next();
};
