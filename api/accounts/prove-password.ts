import type { Context } from 'hono';
import { type OwnUser, provePassword as prove } from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { clientOf, fromOf } from '../kernel/index.ts';
import { countingFailures } from './count-failure.ts';
import { keyFor } from '../middleware/keys.ts';
import { sayHeader } from '../middleware/say-header.ts';
import { isKnownBrowserOf } from '../middleware/session-cookie.ts';

/**
 * Compares a password with that of an account, by one hash also where there is none: `user` null is an address that nobody has.
 * A hash of before, weaker than today's, is reported as weak. Throws `invalid_credentials`, `too_many_attempts` (before any
 * hash), and `overloaded`, which counts as no attempt.
 */
export const provePassword = (
  c: Context<ApiEnv>,
  given: { readonly email: string; readonly user: OwnUser | null; readonly password: string },
): Promise<{ readonly isWeak: boolean }> => countingFailures(c, () => compare(c, given));

async function compare(
  c: Context<ApiEnv>,
  given: Parameters<typeof provePassword>[1],
): Promise<{ readonly isWeak: boolean }> {
  const { db, passwords, config } = c.var.deps;
  const isKnownBrowser = given.user !== null && isKnownBrowserOf(c, given.user.id);
  const proved = await prove(
    { db, passwords, limitsKey: keyFor(config, 'limits') },
    { ...given, ip: clientOf(c).ip, isKnownBrowser },
    fromOf(c),
  );
  if ('waitS' in proved) throw tooMany(c, proved.waitS);
  return proved;
}

/** Says when to come back. */
export function tooMany(c: Context<ApiEnv>, waitS: number): VezaError {
  sayHeader(c, 'Retry-After', String(waitS));
  return new VezaError('too_many_attempts', `Too many attempts failed. Try again in ${waitS} s.`, {
    retry_after_s: waitS,
  });
}
