import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';

/**
 * Stays open for monitoring, for admins who can switch it off, and for providers' webhooks, since money moves without
 * us.
 */
const OPEN = ['/health', '/ready', '/metrics', '/ops', '/api/v1/admin', '/api/v1/webhooks'];

/** Under maintenance everybody else gets 503, before anything else is checked. */
export const closedForMaintenance = createMiddleware<ApiEnv>(async (c, next) => {
  const { path } = c.req;
  const isOpen = OPEN.some((open) => path === open || path.startsWith(`${open}/`));
  if (!isOpen && (await c.var.deps.maintenance.isOn())) {
    throw new VezaError('maintenance', 'Come back later; nothing was done.', {
      may_still_be_carried_out: false,
    });
  }
  await next();
});
