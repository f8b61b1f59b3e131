import type { Context } from 'hono';
import {
  type OwnUser,
  proveSecondFactor,
  provePassword,
  readUserByEmail,
  signIn,
  strengthenHash,
} from '../../db/accounts/index.ts';
import { type AuthenticationMethod, CONSOLE_SESSION } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { fromOf } from './act-of.ts';
import type { ConsoleDeps, ConsoleEnv } from './deps.ts';
import { assertAdmin } from './session.ts';

export interface Credentials {
  readonly email: string;
  readonly password: string;
  /** Of the second factor, or a backup code; empty where the account has none. */
  readonly code: string;
}

/**
 * Opens a session of the console for an admin. Its secret is in the answer alone. Throws `invalid_credentials`,
 * `two_factor_invalid`, `too_many_attempts`, `overloaded`, `forbidden`, and why the account is not open.
 */
export async function signInByPassword(
  c: Context<ConsoleEnv>,
  deps: ConsoleDeps,
  { email, password, code }: Credentials,
): Promise<{ readonly userId: string; readonly secret: string }> {
  const { db, passwords, limitsKey, now } = deps;
  const from = fromOf(c, deps);
  const { ip = null, userAgent = null } = from;
  const user = await readUserByEmail(db, email);
  const given = { email, user, password, ip, isKnownBrowser: false };
  const proved = await provePassword({ db, passwords, limitsKey }, given, from);
  if ('waitS' in proved) throw tooMany(c, proved.waitS);
  if (user === null || user.passwordHash === null) throw new Error('a password was right that nobody has');
  refuseUnlessOpen(user);
  assertAdmin({ userId: user.id, role: user.role });
  let { passwordHash } = user;
  // Before a code is used up: under load it is refused.
  if (proved.isWeak) {
    const strong = await passwords.hash(password);
    await strengthenHash(db, user.id, { weak: passwordHash, strong });
    passwordHash = strong;
  }
  const amr: AuthenticationMethod[] = ['pwd'];
  if (user.isTwoFactorEnabled) {
    if (code === '') throw new VezaError('two_factor_invalid', 'Give a code of your second factor too.');
    const by = await proveSecondFactor(
      { db, passwords },
      { userId: user.id, code, atMs: now().getTime() },
      from,
    );
    if (typeof by !== 'string') throw tooMany(c, by.waitS);
    amr.push(by);
  }
  const asked = { userId: user.id, passwordHash, kind: 'console', amr, ip, userAgent } as const;
  const { secret } = await db.transaction((tx) =>
    signIn(tx, { ...asked, ...CONSOLE_SESSION, refreshToken: null }, from),
  );
  return { userId: user.id, secret };
}

/** Only the right password earns these. */
function refuseUnlessOpen({ status, isBarred, isVerified }: OwnUser): void {
  if (status === 'disabled' || isBarred) throw new VezaError('account_disabled', 'The account was disabled.');
  if (status !== 'active') throw new VezaError('account_closing', 'The account is being closed.');
  if (!isVerified)
    throw new VezaError('email_not_verified', 'Follow the link in the mail that we sent first.');
}

export function tooMany(c: Context<ConsoleEnv>, waitS: number): VezaError {
  c.header('Retry-After', String(waitS));
  return new VezaError('too_many_attempts', `Too many attempts failed. Try again in ${waitS} s.`);
}
