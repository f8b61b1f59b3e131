import type { Context } from 'hono';
import {
  type AttemptScopes,
  forgive,
  hasSignedInFrom,
  noteBlocked,
  type OwnUser,
  scopeOf,
  takeAttempt,
  takeBackAttempt,
} from '../../db/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { clientOf, fromOf } from '../kernel/index.ts';
import { clientScope } from '../middleware/client-limit.ts';
import { keyFor } from '../middleware/keys.ts';
import { sayHeader } from '../middleware/say-header.ts';
import { isKnownBrowserOf } from '../middleware/session-cookie.ts';

/**
 * Compares a password with that of an account, by one hash also where there is none: `user` null is an address that nobody has.
 * A hash of before, weaker than today's, is reported as weak. Throws `invalid_credentials`, `too_many_attempts` (before any
 * hash), and `overloaded`, which counts as no attempt.
 */
export async function provePassword(
  c: Context<ApiEnv>,
  {
    email,
    user,
    password,
  }: { readonly email: string; readonly user: OwnUser | null; readonly password: string },
): Promise<{ readonly isWeak: boolean }> {
  const { db, passwords } = c.var.deps;
  const scopes = scopesOf(c, email);
  const attempt = await takeAttempt(db, scopes, await isKnownClient(c, user));
  if (!attempt.isAllowed) throw tooMany(c, attempt.waitS);
  const { isRight, isWeak } = await passwords
    .verify(password, user?.passwordHash ?? null)
    .catch(async (error: unknown) => {
      await takeBackAttempt(db, scopes);
      throw error;
    });
  if (isRight) {
    await forgive(db, scopes);
    return { isWeak };
  }
  if (attempt.blocks && user !== null) await noteBlocked(db, user.id, fromOf(c));
  throw new VezaError('invalid_credentials', 'Address and password do not belong together.');
}

/** What failures count against: the address as it was given, so that one that nobody has counts alike. */
function scopesOf(c: Context<ApiEnv>, email: string): AttemptScopes {
  const key = keyFor(c.var.deps.config, 'limits');
  const address = email.toLowerCase();
  return {
    ofClient: scopeOf(key, 'password', address, clientScope(clientOf(c).ip)),
    ofAccount: scopeOf(key, 'password', address),
  };
}

async function isKnownClient(c: Context<ApiEnv>, user: OwnUser | null): Promise<boolean> {
  if (user === null) return false;
  return isKnownBrowserOf(c, user.id) || hasSignedInFrom(c.var.deps.db, user.id, clientOf(c).ip);
}

/** Says when to come back. */
export function tooMany(c: Context<ApiEnv>, waitS: number): VezaError {
  sayHeader(c, 'Retry-After', String(waitS));
  return new VezaError('too_many_attempts', `Too many attempts failed. Try again in ${waitS} s.`, {
    retry_after_s: waitS,
  });
}
