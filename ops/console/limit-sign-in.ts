import type { Context } from 'hono';
import { takeClientCall } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { clientOf } from './client-of.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';

/** Takes a sign-in from the limits of its client, as the API does, with which it counts together. Throws `rate_limited`. */
export async function limitSignIn(c: Context<ConsoleEnv>, deps: ConsoleDeps): Promise<void> {
  const { ip } = clientOf(c, deps);
  // A call within the process, as a test makes it, comes from nowhere.
  if (ip === null) return;
  const { anonymous, auth } = deps.callsPerMinute;
  for (const [what, limit] of [['anonymous', anonymous] as const, ['auth', auth] as const]) {
    const { isAllowed, nextFreeAt, at } = await takeClientCall(
      deps.db,
      { key: deps.limitsKey, ip },
      { what, per: 'minute', limit },
    );
    if (isAllowed) continue;
    const waitS = Math.max(Math.ceil((nextFreeAt.getTime() - at.getTime()) / 1000), 1);
    c.header('Retry-After', String(waitS));
    throw new VezaError('rate_limited', `Too many sign-ins come from here. Try again in ${waitS} s.`);
  }
}
