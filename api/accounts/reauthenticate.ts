import type { Context } from 'hono';
import type { OwnUser } from '../../db/accounts/index.ts';
import { FRESH_SIGN_IN_MS } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { provePassword } from './prove-password.ts';

/** What a route answers that reads its caller's account and has them prove who they are. */
export const REAUTHENTICATED = [
  'user_not_found',
  'invalid_credentials',
  'too_many_attempts',
  'reauthentication_required',
] as const;

/**
 * The caller proves once more who they are: by their password; who has none, by a sign-in of the last ten minutes. Throws
 * `reauthentication_required`, and what `provePassword` does where the password is wrong.
 */
export async function reauthenticate(
  c: Context<ApiEnv>,
  user: OwnUser,
  password: string | undefined,
): Promise<void> {
  if (user.passwordHash !== null) {
    if (password === undefined) throw needed('Send your password too.');
    await provePassword(c, { email: user.email, user, password });
  } else if (!isFresh(c)) {
    throw needed('Sign in again: that must not be longer ago than ten minutes.');
  }
}

/** The same, where a sign-in of the last ten minutes is enough for everybody. */
export async function reauthenticateOrFresh(
  c: Context<ApiEnv>,
  user: OwnUser,
  password: string | undefined,
): Promise<void> {
  if (password === undefined && isFresh(c)) return;
  await reauthenticate(c, user, password);
}

function isFresh(c: Context<ApiEnv>): boolean {
  const { session, deps } = c.var;
  return session !== null && deps.now().getTime() - session.authenticatedAtMs <= FRESH_SIGN_IN_MS;
}

const needed = (detail: string) => new VezaError('reauthentication_required', detail);
