import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { VezaError } from '../../domain/errors.ts';
import { identityOf, type Role } from '../../domain/accounts/index.ts';
import type { ApiEnv } from '../context.ts';
import { authenticate } from './authenticate.ts';
import { limitAnybody, limitRegistering, limitSigningIn } from './client-limit.ts';
import { onlyFromOurPages } from './origins.ts';

/**
 * Who may call a route: enforced by its middleware, documented by its `security` and `x-roles` (none: every role), and
 * listed in docs/security.md, all from one statement.
 */
export interface Access {
  readonly middleware: MiddlewareHandler<ApiEnv>[];
  readonly security: Record<string, string[]>[];
  readonly 'x-roles'?: readonly Role[];
  /** Also for somebody whose account is being closed. */
  readonly 'x-while-leaving'?: true;
}

const BEARER: Access['security'] = [{ bearer: [] }, { cookie: [] }];
const BEARER_OR_KEY: Access['security'] = [...BEARER, { ApiKeyAuth: [] }];

/** Everybody may call; the route itself checks what it needs to trust a caller. */
export const anyone = (): Access => ({ middleware: [], security: [] });

/** The same, and each client is limited: who has no credentials is known by their address alone. */
export const anybodyLimited = (): Access => ({ middleware: [limitAnybody], security: [] });

/** The same, and closed where an identity provider keeps the accounts. */
export const anybodyOfOurs = (): Access => ({ middleware: [onlyOwnIdentity, limitAnybody], security: [] });

/** Who signs in has no credentials yet. Closed where an identity provider keeps the accounts. */
export const signingIn = (): Access => ({
  middleware: [onlyOwnIdentity, onlyFromOurPages, limitAnybody, limitSigningIn],
  security: [],
});

/** The same for who makes an account: fewer an hour. */
export const registering = (): Access => {
  const { middleware, ...access } = signingIn();
  return { ...access, middleware: [...middleware, limitRegistering] };
};

/** The caller themselves, about their own account. Closed where an identity provider keeps the accounts. */
export const ownAccount = (): Access => ({
  middleware: [onlyOwnIdentity, authenticate, requirePerson],
  security: BEARER,
});

export const signedIn = (): Access => ({ middleware: [authenticate], security: BEARER_OR_KEY });

export const onlyRoles = (...roles: readonly Role[]): Access => ({
  middleware: [authenticate, requireRole(roles)],
  security: BEARER_OR_KEY,
  'x-roles': roles,
});

/** The same, for people only: for what a program must not do in somebody's name. */
export const inPerson = ({ middleware, ...access }: Access): Access => ({
  ...access,
  middleware: [...middleware, requirePerson],
  security: BEARER,
});

/** The same, also for who leaves: they read what is theirs, get their money out, and may stay after all. Elsewhere they are refused. */
export const alsoWhileLeaving = ({ middleware, ...access }: Access): Access => ({
  ...access,
  middleware: [letLeaversIn, ...middleware],
  'x-while-leaving': true,
});

const letLeaversIn = createMiddleware<ApiEnv>(async (c, next) => {
  c.set('mayBeLeaving', true);
  await next();
});

function requireRole(roles: readonly Role[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!roles.includes(c.var.caller.role)) {
      const { apiKey, isUnprovedAdmin } = c.var;
      if (isUnprovedAdmin && roles.includes('admin')) {
        throw new VezaError('two_factor_required', 'Admins set up a second factor, and sign in with it.');
      }
      const hint =
        apiKey && !apiKey.scopes.includes('admin') ? ', and the scope admin to act as an admin' : '';
      throw new VezaError('forbidden', `This needs one of these roles: ${roles.join(', ')}${hint}.`);
    }
    await next();
  };
}

const onlyOwnIdentity = createMiddleware<ApiEnv>(async (c, next) => {
  if (identityOf(c.var.deps.config) === 'external') {
    throw new VezaError('identity_is_external', 'Ask the identity provider: it keeps the accounts here.');
  }
  await next();
});

const requirePerson = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.var.apiKey !== undefined) {
    throw new VezaError('person_required', 'This takes a person who is signed in, not an API key.');
  }
  await next();
});
