import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { type ClientLimit, takeClientCall } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { clientOf } from '../kernel/index.ts';
import { amongPaths } from './among-paths.ts';
import { keyFor } from './keys.ts';
import { sayLimit } from './rate-limit.ts';

const REGISTRATIONS_PER_HOUR = 10;

/**
 * What is not counted as a call without credentials: probes, what providers send, pages about the API that hold nobody's data, and
 * the console, which has limits of its own. The codec below it is counted.
 */
const isNotCounted = amongPaths([
  '/health',
  '/ready',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/ops',
  '/api/v1/webhooks',
]);
const COUNTED_ALL_THE_SAME = '/ops/codec/';

const isCounted = (asked: string) => asked.startsWith(COUNTED_ALL_THE_SAME) || !isNotCounted(asked);

/**
 * Limits calls without credentials that hold, by the client's address over all processes: none were given, they are wrong or over,
 * or nobody asked for them. Whether they hold is known once the call is answered, so the limit is asked then, and its refusal takes
 * the answer's place. A call whose credentials hold costs nothing here.
 */
export const limitAnonymous = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  if (c.var.caller !== undefined || c.var.isClientCounted || c.res.status >= 500) return;
  if (isCounted(c.req.path)) await takeAnonymous(c);
});

/** The same before anything is done, for routes that ask for no credentials. */
export const limitAnybody = createMiddleware<ApiEnv>(async (c, next) => {
  await takeAnonymous(c);
  await next();
});

async function takeAnonymous(c: Context<ApiEnv>): Promise<void> {
  c.set('isClientCounted', true);
  await takeOf(c, { what: 'anonymous', per: 'minute', limit: c.var.deps.config.RATE_LIMIT_ANONYMOUS });
}

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
