import type { Context } from 'hono';
import { type OwnUser, provePassword } from '../../db/accounts/index.ts';
import { FRESH_SIGN_IN_MS } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { fromOf } from './act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';
import { tooMany } from './sign-in.ts';

/**
 * Whoever is signed in proves once more who they are: by their password; who has none, by a sign-in of the last ten minutes.
 * Throws `invalid_credentials`, `too_many_attempts`, `overloaded` and `reauthentication_required`.
 */
export async function reauthenticate(
  c: Context<ConsoleEnv>,
  deps: ConsoleDeps,
  user: OwnUser,
  password: string,
): Promise<void> {
  if (user.passwordHash === null) return assertFresh(c, deps);
  if (password === '') throw new VezaError('invalid_credentials', 'Give your password too.');
  const from = fromOf(c, deps);
  const given = { email: user.email, user, password, ip: from.ip ?? null, isKnownBrowser: false };
  const proved = await provePassword(deps, given, from);
  if ('waitS' in proved) throw tooMany(c, proved.waitS);
}

function assertFresh(c: Context<ConsoleEnv>, { now }: ConsoleDeps): void {
  const { authenticatedAtMs } = c.var.session;
  if (authenticatedAtMs !== null && now().getTime() - authenticatedAtMs <= FRESH_SIGN_IN_MS) return;
  throw new VezaError('reauthentication_required', 'Sign in again, and come back within ten minutes.');
}
