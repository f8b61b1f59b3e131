import { randomBytes } from 'node:crypto';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { AuthenticationMethod } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Db, Tx } from '../../client.ts';
import { hashOfSecret } from '../sessions/open.ts';
import { users } from '../schema.ts';
import { twoFactorChallenges } from './schema.ts';

const GOOD_FOR_MIN = 5;
const FAILURES_MAX = 5;
const TOKEN_BYTES = 32;

/**
 * Somebody proved who they are by their first factor, and is asked for a code. Locks the account: a password that changes at this
 * moment ends the challenge too. The token is in the answer alone. Throws `invalid_credentials` where it has changed already.
 */
export async function openChallenge(
  tx: Tx,
  {
    userId,
    amr,
    passwordHash,
  }: {
    readonly userId: string;
    readonly amr: readonly AuthenticationMethod[];
    /** As it was when the password was compared; null where it was not by a password. */
    readonly passwordHash: string | null;
  },
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('share');
  if (user === undefined || (passwordHash !== null && user.passwordHash !== passwordHash)) {
    throw new VezaError('invalid_credentials', 'Address and password do not belong together.');
  }
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const [opened] = await tx
    .insert(twoFactorChallenges)
    .values({
      ...{ id: uuidv7(), userId, tokenHash: hashOfSecret(token), amr: [...amr] },
      expiresAt: sql`now() + ${GOOD_FOR_MIN} * interval '1 minute'`,
    })
    .returning({ expiresAt: twoFactorChallenges.expiresAt });
  if (opened === undefined) throw new Error('the challenge was not inserted');
  return { token, expiresAt: opened.expiresAt };
}

export interface Challenge {
  readonly id: string;
  readonly userId: string;
  readonly amr: readonly AuthenticationMethod[];
}

/** Takes one of the five attempts at a challenge, before it is known how it ends. Throws `challenge_ended`. */
export async function takeChallenge(db: Db, token: string): Promise<Challenge> {
  const [taken] = await db
    .update(twoFactorChallenges)
    .set({ failures: sql`${twoFactorChallenges.failures} + 1` })
    .where(
      and(
        eq(twoFactorChallenges.tokenHash, hashOfSecret(token)),
        isNull(twoFactorChallenges.endedAt),
        sql`${twoFactorChallenges.expiresAt} > clock_timestamp() AND ${twoFactorChallenges.failures} < ${FAILURES_MAX}`,
      ),
    )
    .returning();
  if (taken === undefined) throw ended();
  return { id: taken.id, userId: taken.userId, amr: taken.amr as AuthenticationMethod[] };
}

/** The attempt was never made: no code was compared. */
export async function giveBackChallenge(db: Db, id: string): Promise<void> {
  await db
    .update(twoFactorChallenges)
    .set({ failures: sql`greatest(${twoFactorChallenges.failures} - 1, 0)` })
    .where(eq(twoFactorChallenges.id, id));
}

/** The challenge was met: no other session comes of it. Throws `challenge_ended`. */
export async function meetChallenge(tx: Tx, id: string): Promise<void> {
  const met = await tx
    .update(twoFactorChallenges)
    .set({ endedAt: sql`now()` })
    .where(and(eq(twoFactorChallenges.id, id), isNull(twoFactorChallenges.endedAt)))
    .returning({ id: twoFactorChallenges.id });
  if (met.length === 0) throw ended();
}

/** The password or the second factor has changed: who was asked for a code signs in anew. */
export async function endChallenges(tx: Tx, userId: string): Promise<void> {
  await tx
    .update(twoFactorChallenges)
    .set({ endedAt: sql`now()` })
    .where(and(eq(twoFactorChallenges.userId, userId), isNull(twoFactorChallenges.endedAt)));
}

const ended = () =>
  new VezaError(
    'challenge_ended',
    'The challenge was met, has expired, or was failed too often: sign in again.',
  );
