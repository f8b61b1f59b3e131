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

const BEARER_OR_KEY: Access['security'] = [{ bearer: [] }, { apiKey: [] }];

/** Everybody; what the route needs to trust a caller it checks itself. */
export const anyone = (): Access => ({ middleware: [], security: [] });

export const signedIn = (): Access => ({ middleware: [authenticate], security: BEARER_OR_KEY });

export const onlyRoles = (...roles: readonly Role[]): Access => ({
  middleware: [authenticate, requireRole(roles)],
  security: BEARER_OR_KEY,
});

function requireRole(roles: readonly Role[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!roles.includes(c.var.caller.role)) {
      const { apiKey } = c.var;
      const hint =
        apiKey && !apiKey.scopes.includes('admin') ? ', and the scope admin to act as an admin' : '';
      throw new VezaError('forbidden', `This needs one of these roles: ${roles.join(', ')}${hint}.`);
    }
    await next();
  };
}
