import type { MiddlewareHandler, Next } from 'hono';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { amongPaths } from './among-paths.ts';

/**
 * Stays open for monitoring, for who verifies our tokens, for admins who can switch it off, and for providers' webhooks,
 * since money moves without us.
 */
const isOpen = amongPaths([
  ...['/health', '/ready', '/metrics', '/.well-known'],
  ...['/ops', '/api/v1/admin', '/api/v1/webhooks'],
]);

/** Under maintenance everybody else gets 503, before anything else is checked. */
export const closedForMaintenance: MiddlewareHandler<ApiEnv> = (c, next) => {
  if (isOpen(c.req.path)) return next();
  const isOn = c.get('deps').maintenance.isOn();
  if (typeof isOn !== 'boolean') return once(isOn, next);
  refuseIf(isOn);
  return next();
};

async function once(isOn: Promise<boolean>, next: Next): Promise<void> {
  refuseIf(await isOn);
  await next();
}

function refuseIf(isOn: boolean): void {
  if (!isOn) return;
  throw new VezaError('maintenance', 'Come back later; this call has done nothing.');
}
