import { VezaError } from '../../../domain/errors.ts';
import type { Db } from '../../client.ts';
import type { Act } from '../../kernel/index.ts';
import { forgive, takeAttempt, takeBackAttempt } from '../limits/attempts.ts';
import { noteBlocked } from '../limits/note-blocked.ts';
import { scopeOf } from '../limits/scope.ts';
import type { OwnUser } from '../read-user.ts';
import { networkOf } from '../sessions/network.ts';
import { hasSignedInFrom } from '../sessions/read.ts';
import type { PasswordHasher } from './hasher.ts';

export interface PasswordGiven {
  readonly email: string;
  /** Null: nobody has the address. */
  readonly user: OwnUser | null;
  readonly password: string;
  /** Where it was typed; null: nowhere that is known. */
  readonly ip: string | null;
  /** Its person has signed in with this browser before. */
  readonly isKnownBrowser: boolean;
}

/**
 * Compares a password with that of an account, by one hash also where there is none. A hash of before, weaker than today's, is
 * reported as weak. `waitS`: refused unseen, since too many before it failed. Throws `invalid_credentials`, and `overloaded`,
 * which counts as no attempt. `limitsKey` is what the counts are kept under.
 */
export async function provePassword(
  {
    db,
    passwords,
    limitsKey,
  }: { readonly db: Db; readonly passwords: PasswordHasher; readonly limitsKey: Buffer },
  { email, user, password, ip, isKnownBrowser }: PasswordGiven,
  from: Omit<Act, 'actor'>,
): Promise<{ readonly isWeak: boolean } | { readonly waitS: number }> {
  const address = email.toLowerCase();
  // The address as it was given, so that one that nobody has counts alike.
  const scopes = {
    ofClient: scopeOf(limitsKey, 'password', address, clientScope(ip)),
    ofAccount: scopeOf(limitsKey, 'password', address),
    userId: user?.id ?? null,
  };
  // Asked for nobody too: as many statements, whether somebody has the address or not.
  const hasBefore = await hasSignedInFrom(db, user?.id ?? NOBODY, ip);
  const isKnown = user !== null && (isKnownBrowser || hasBefore);
  const attempt = await takeAttempt(db, scopes, isKnown);
  if (!attempt.isAllowed) return { waitS: attempt.waitS };
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
  if (attempt.blocks) await noteBlocked(db, { userId: user?.id ?? null, scope: scopes.ofAccount }, from);
  throw new VezaError('invalid_credentials', 'Address and password do not belong together.');
}

/** No row has this id. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** A client as limits know it. */
export const clientScope = (ip: string | null): string => (ip === null ? 'nowhere' : networkOf(ip));
