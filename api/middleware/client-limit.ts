import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { type ClientLimit, takeClientCall } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { clientOf } from '../kernel/index.ts';
import { keyFor } from './keys.ts';
import { sayLimit } from './rate-limit.ts';

const REGISTRATIONS_PER_HOUR = 10;

/** Limits calls without credentials, by the client's address over all processes. */
export const limitAnonymous = createMiddleware<ApiEnv>(async (c, next) => {
  await takeOf(c, { what: 'anonymous', per: 'minute', limit: c.var.deps.config.RATE_LIMIT_ANONYMOUS });
  await next();
});

/** The same for those that register or sign in, which are fewer. */
export const limitSigningIn = createMiddleware<ApiEnv>(async (c, next) => {
  await takeOf(c, { what: 'auth', per: 'minute', limit: c.var.deps.config.RATE_LIMIT_AUTH });
  await next();
});

export const limitRegistering = createMiddleware<ApiEnv>(async (c, next) => {
  await takeOf(c, { what: 'register', per: 'hour', limit: REGISTRATIONS_PER_HOUR });
  await next();
});

/** Throws `rate_limited`. */
async function takeOf(c: Context<ApiEnv>, asked: ClientLimit): Promise<void> {
  const { db, config } = c.var.deps;
  const { ip } = clientOf(c);
  // A call within the process, as a test makes it, comes from nowhere.
  if (ip === null) return;
  const { per, limit } = asked;
  const allowance = await takeClientCall(db, { key: keyFor(config, 'limits'), ip }, asked);
  sayLimit(c, limit, allowance);
  if (allowance.isAllowed) return;
  throw new VezaError('rate_limited', `A client may make ${limit} such calls ${PER[per]}.`, { limit });
}

const PER = { minute: 'a minute', hour: 'an hour' } as const;
