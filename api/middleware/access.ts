import type { MiddlewareHandler } from 'hono';
import { VezaError } from '../../domain/errors.ts';
import type { Role } from '../../domain/roles.ts';
import type { ApiEnv } from '../context.ts';
import { authenticate } from './authenticate.ts';

/** Who may call a route: enforced by its middleware and documented by its `security`, from one statement. */
export interface Access {
  readonly middleware: MiddlewareHandler<ApiEnv>[];
  readonly security: Record<string, string[]>[];
}

/** Everybody; what the route needs to trust a caller it checks itself. */
export const anyone = (): Access => ({ middleware: [], security: [] });

export const signedIn = (): Access => ({ middleware: [authenticate], security: [{ bearer: [] }] });

export const onlyRoles = (...roles: readonly Role[]): Access => ({
  middleware: [authenticate, requireRole(roles)],
  security: [{ bearer: [] }],
});

function requireRole(roles: readonly Role[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!roles.includes(c.var.caller.role)) {
      throw new VezaError('forbidden', `This needs one of these roles: ${roles.join(', ')}.`);
    }
    await next();
  };
}
