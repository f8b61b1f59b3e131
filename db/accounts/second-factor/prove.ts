import { and, count, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import { tellAccount } from '../tell-account.ts';
import { parseBackupCode } from './backup-code-text.ts';
import { backupCodes, twoFactors } from './schema.ts';
import { type NewSecretProved, readSecret } from './set-up.ts';
import { stepOf } from './totp.ts';

const FAILURES_BEFORE_STOP = 10;
const STOPPED_MIN = 15;

/** A code of the app, or one of the backup codes: its text says which. */
export interface GivenCode {
  readonly userId: string;
  readonly code: string;
  /** The time of codes, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** By what the second factor was proved. */
export type ProvedBy = 'otp' | 'backup';

/** The attempt is refused unseen, since too many before it failed. */
export interface Stopped {
  readonly waitS: number;
}

/**
 * Takes a code of an account whose second factor is on. An attempt counts as failed before it is known how it ends; ten in a
 * row, over all challenges, stop it for fifteen minutes, and its person is told. A code of the app counts once, by a guarded
 * update of its time step; so does each backup code, which is told too. Throws `two_factor_invalid`, `two_factor_is_off`, and
 * `overloaded`, which counts as no attempt.
 */
export async function proveSecondFactor(
  { db, passwords }: { readonly db: Db; readonly passwords: PasswordHasher },
  given: GivenCode,
  from: Omit<Act, 'actor'>,
): Promise<ProvedBy | Stopped> {
  const { userId } = given;
  const attempt = await takeAttempt(db, userId, 'confirmed');
  if (attempt === null) throw new VezaError('two_factor_is_off', 'The second factor is not on.');
  if ('waitS' in attempt) return attempt;
  const backup = parseBackupCode(given.code);
  const taken = backup === null ? takeStep(db, given) : takeBackupCode({ db, passwords }, userId, backup);
  const isRight = await taken.catch(async (error: unknown) => {
    await takeBackAttempt(db, userId);
    throw error;
  });
  if (isRight) {
    await db.update(twoFactors).set({ failures: 0, blockedUntil: null }).where(eq(twoFactors.userId, userId));
    if (backup !== null) await tellOfBackupCode(db, userId);
    return backup === null ? 'otp' : 'backup';
  }
  if (attempt.stoppedUntil !== null) await tellOfStop(db, userId, attempt.stoppedUntil, from);
  throw new VezaError('two_factor_invalid', 'The code is wrong, or was used before.');
}

/**
 * Compares a code with a secret that is still to be confirmed. Attempts count as above, until there is another secret. Throws
 * `two_factor_invalid`; `two_factor_is_on`; and `two_factor_is_off` where there is no secret, or an hour has passed.
 */
export async function proveNewSecret(
  db: Db,
  { userId, code, atMs }: GivenCode,
  from: Omit<Act, 'actor'>,
): Promise<NewSecretProved | Stopped> {
  const known = await readSecret(db, userId);
  if (known === null) {
    throw new VezaError(
      'two_factor_is_off',
      'Set the second factor up first, and confirm it within an hour.',
    );
  }
  const attempt = known.isConfirmed ? null : await takeAttempt(db, userId, 'new');
  if (attempt === null) throw new VezaError('two_factor_is_on', 'The second factor is on already.');
  if ('waitS' in attempt) return attempt;
  const step = stepOf(known.secret, code, atMs);
  if (step !== null) return { sealed: known.sealed, step };
  if (attempt.stoppedUntil !== null) await tellOfStop(db, userId, attempt.stoppedUntil, from);
  throw new VezaError('two_factor_invalid', 'The code is not of this secret.');
}

/** Null: there is no such secret. */
async function takeAttempt(
  db: Db,
  userId: string,
  at: 'confirmed' | 'new',
): Promise<{ readonly stoppedUntil: Date | null } | Stopped | null> {
  const isIt = and(
    eq(twoFactors.userId, userId),
    at === 'new' ? isNull(twoFactors.confirmedAt) : isNotNull(twoFactors.confirmedAt),
  );
  const failures = sql`CASE WHEN ${twoFactors.blockedUntil} IS NULL THEN ${twoFactors.failures} + 1 ELSE 1 END`;
  const [taken] = await db
    .update(twoFactors)
    .set({
      failures,
      blockedUntil: sql`CASE WHEN (${failures}) >= ${FAILURES_BEFORE_STOP}
        THEN clock_timestamp() + ${STOPPED_MIN} * interval '1 minute' END`,
    })
    .where(
      and(isIt, sql`(${twoFactors.blockedUntil} IS NULL OR ${twoFactors.blockedUntil} <= clock_timestamp())`),
    )
    .returning({ stoppedUntil: twoFactors.blockedUntil });
  if (taken !== undefined) return taken;
  const [row] = await db
    .select({
      waitS: sql<number>`extract(epoch FROM ${twoFactors.blockedUntil} - clock_timestamp())::float8`,
    })
    .from(twoFactors)
    .where(isIt);
  return row === undefined ? null : { waitS: Math.max(Math.ceil(row.waitS), 1) };
}

/** The attempt was never made. What it would have stopped goes on. */
async function takeBackAttempt(db: Db, userId: string): Promise<void> {
  await db
    .update(twoFactors)
    .set({ failures: sql`greatest(${twoFactors.failures} - 1, 0)`, blockedUntil: null })
    .where(eq(twoFactors.userId, userId));
}

async function takeStep(db: Db, { userId, code, atMs }: GivenCode): Promise<boolean> {
  const known = await readSecret(db, userId);
  const step = known === null ? null : stepOf(known.secret, code, atMs);
  if (step === null) return false;
  const taken = await db
    .update(twoFactors)
    .set({ lastStep: step })
    .where(
      and(
        eq(twoFactors.userId, userId),
        sql`(${twoFactors.lastStep} IS NULL OR ${twoFactors.lastStep} < ${step})`,
      ),
    )
    .returning({ userId: twoFactors.userId });
  return taken.length > 0;
}

async function takeBackupCode(
  { db, passwords }: { readonly db: Db; readonly passwords: PasswordHasher },
  userId: string,
  { number, rest }: { readonly number: number; readonly rest: string },
): Promise<boolean> {
  const own = and(eq(backupCodes.userId, userId), eq(backupCodes.number, number), isNull(backupCodes.usedAt));
  const [row] = await db.select().from(backupCodes).where(own);
  const { isRight } = await passwords.verify(rest, row?.codeHash ?? null);
  if (!isRight || row === undefined) return false;
  const used = await db
    .update(backupCodes)
    .set({ usedAt: sql`now()` })
    .where(and(own, eq(backupCodes.codeHash, row.codeHash)))
    .returning({ number: backupCodes.number });
  return used.length > 0;
}

const tellOfBackupCode = (db: Db, userId: string): Promise<void> =>
  db.transaction(async (tx) => {
    const [left] = await tx
      .select({ codes: count() })
      .from(backupCodes)
      .where(and(eq(backupCodes.userId, userId), isNull(backupCodes.usedAt)));
    await tellAccount(tx, userId, { kind: 'backup_code_used', params: { left: left?.codes ?? 0 } });
  });

const tellOfStop = (db: Db, userId: string, until: Date, from: Omit<Act, 'actor'>): Promise<void> =>
  db.transaction(async (tx) => {
    const after = { secondFactorUntil: until };
    const entry = { action: 'user.login_blocked', subject: userSubject(userId), before: null, after };
    await writeAuditLog(tx, { ...from, actor: userId }, entry);
    await tellAccount(tx, userId, { kind: 'two_factor_blocked', params: { until: until.toISOString() } });
  });
