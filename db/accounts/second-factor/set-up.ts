import { and, eq, isNull, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import { isSealed } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { openOf, sealFor } from '../sealing/person.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { type InSession, lockInSession } from '../sessions/lock-open.ts';
import { forgetSecondFactor } from '../sessions/step-up.ts';
import { tellAccount } from '../tell-account.ts';
import { backupCodes, twoFactors } from './schema.ts';

const placeOf = (userId: string) => ({ table: 'two_factors', column: 'secret', rowId: userId });

/** A secret that is not confirmed within this is over: whoever finds it later turns nothing on by it. */
const TO_CONFIRM_MIN = 60;
const isInDate = sql`(${twoFactors.confirmedAt} IS NOT NULL
  OR ${twoFactors.createdAt} > clock_timestamp() - ${TO_CONFIRM_MIN} * interval '1 minute')`;

/** Keeps a secret that guards nothing yet, in the place of one that was never confirmed. Throws `two_factor_is_on` and `session_ended`. */
export const keepSecret = (db: Db, by: InSession, secret: string): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId } = by;
    await lockInSession(tx, by);
    const sealed = await sealFor(tx, userId, placeOf(userId), secret);
    const kept = await tx
      .insert(twoFactors)
      .values({ userId, secret: sealed })
      .onConflictDoUpdate({
        target: twoFactors.userId,
        set: { secret: sealed, lastStep: null, failures: 0, blockedUntil: null, createdAt: sql`now()` },
        setWhere: sql`${twoFactors.confirmedAt} IS NULL`,
      })
      .returning({ userId: twoFactors.userId });
    if (kept.length === 0) throw new VezaError('two_factor_is_on', 'Turn the second factor off first.');
  });

export interface KnownSecret {
  readonly secret: string;
  /** As it is kept. */
  readonly sealed: string;
  readonly isConfirmed: boolean;
}

/** The secret of a person's codes; null: there is none, or it was not confirmed within an hour. */
export async function readSecret(db: Db | Tx, userId: string): Promise<KnownSecret | null> {
  const [row] = await db
    .select()
    .from(twoFactors)
    .where(and(eq(twoFactors.userId, userId), isInDate));
  if (row === undefined || !isSealed(row.secret)) return null;
  const secret = await openOf(db, userId, placeOf(userId), row.secret);
  return secret === null ? null : { secret, sealed: row.secret, isConfirmed: row.confirmedAt !== null };
}

/** Hashes of backup codes, by their numbers. */
export type CodeHashes = readonly { readonly number: number; readonly codeHash: string }[];

/** A code of a new secret was right. */
export interface NewSecretProved {
  /** The secret, as it was kept when the code was compared. */
  readonly sealed: string;
  readonly step: number;
}

/**
 * A code of the secret was given: from here on it guards the account, and all sessions but this one end. Throws `two_factor_is_on`,
 * `session_ended`, and `two_factor_invalid` where the secret was replaced meanwhile.
 */
export const turnOn = (
  db: Db,
  by: InSession,
  { sealed, step, codes }: NewSecretProved & { readonly codes: CodeHashes },
  act: Act,
): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId } = by;
    await lockInSession(tx, by);
    const confirmed = await tx
      .update(twoFactors)
      .set({ confirmedAt: sql`now()`, lastStep: step, failures: 0, blockedUntil: null })
      .where(
        and(
          eq(twoFactors.userId, userId),
          isNull(twoFactors.confirmedAt),
          // Another tab may have asked for another secret since: no device has this one then.
          eq(twoFactors.secret, sealed),
        ),
      )
      .returning({ userId: twoFactors.userId });
    if (confirmed.length === 0) throw await whyNotConfirmed(tx, userId);
    await replaceCodes(tx, userId, codes);
    await endWaysIn(tx, userId);
    await endSessions(tx, { userId, spared: by.sessionId }, 'two_factor_changed');
    await audit(tx, act, 'user.two_factor_on', userId);
    await tellAccount(tx, userId, { kind: 'two_factor_on', params: {} });
  });

async function whyNotConfirmed(tx: Tx, userId: string): Promise<VezaError> {
  const known = await readSecret(tx, userId);
  return known?.isConfirmed === true
    ? new VezaError('two_factor_is_on', 'The second factor is on already.')
    : new VezaError('two_factor_invalid', 'Another secret was asked for meanwhile: give a code of that one.');
}

/**
 * The second factor guards no more: its secret and its codes are gone, and all sessions but this one end. Throws `two_factor_is_off`
 * and `session_ended`.
 */
export const turnOff = (db: Db, by: InSession, act: Act): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId, sessionId } = by;
    await lockInSession(tx, by);
    const gone = await tx
      .delete(twoFactors)
      .where(sql`${twoFactors.userId} = ${userId} AND ${twoFactors.confirmedAt} IS NOT NULL`)
      .returning({ userId: twoFactors.userId });
    if (gone.length === 0) throw isOff();
    await tx.delete(backupCodes).where(eq(backupCodes.userId, userId));
    await endWaysIn(tx, userId);
    await endSessions(tx, { userId, spared: sessionId }, 'two_factor_changed');
    if (sessionId !== null) await forgetSecondFactor(tx, sessionId);
    await audit(tx, act, 'user.two_factor_off', userId);
    await tellAccount(tx, userId, { kind: 'two_factor_off', params: {} });
  });

/** Ten new backup codes; the old ones are dead. Throws `two_factor_is_off` and `session_ended`. */
export const renewCodes = (db: Db, by: InSession, codes: CodeHashes, act: Act): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId } = by;
    await lockInSession(tx, by);
    // It may have been turned off since its code was compared.
    if ((await readSecret(tx, userId))?.isConfirmed !== true) throw isOff();
    await replaceCodes(tx, userId, codes);
    await audit(tx, act, 'user.backup_codes', userId);
  });

const isOff = () => new VezaError('two_factor_is_off', 'The second factor is not on.');

async function replaceCodes(tx: Tx, userId: string, codes: CodeHashes): Promise<void> {
  await tx.delete(backupCodes).where(eq(backupCodes.userId, userId));
  await tx.insert(backupCodes).values(codes.map((code) => ({ userId, ...code })));
}

const audit = (tx: Tx, act: Act, action: string, userId: string): Promise<void> =>
  writeAuditLog(tx, act, { action, subject: userSubject(userId), before: null, after: null });
