import { and, eq, isNull, lte, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { invoicePayments } from '../invoices/schema.ts';

/** What the PSP says of a payment that is under way. */
export interface PaymentAnswer {
  readonly status: string;
  readonly clientSecret: string | null;
  /** ISO 8601: when the client secret dies. */
  readonly expiresAt: string | null;
  readonly connectorTransactionId: string | null;
}

/**
 * Keeps the PSP's answer about an attempt, for the buyer's browser and for lists; decides nothing. An answer about an attempt
 * that has ended is older than the row, and changes nothing. `secretLifeSeconds`: what was asked for.
 */
export async function recordAttemptAnswer(
  db: Db,
  attemptId: string,
  answer: PaymentAnswer,
  secretLifeSeconds: number,
): Promise<void> {
  await db
    .update(invoicePayments)
    .set({
      providerStatus: answer.status,
      errorMessage: null,
      ...(answer.clientSecret !== null && { clientSecret: answer.clientSecret }),
      ...(answer.clientSecret !== null && { clientSecretExpiresAt: expiryOf(answer, secretLifeSeconds) }),
      ...(answer.connectorTransactionId !== null && {
        connectorTransactionId: answer.connectorTransactionId,
      }),
    })
    .where(and(eq(invoicePayments.id, attemptId), eq(invoicePayments.status, 'pending')));
}

/** An answer may be silent on it: then the secret dies when it was asked to, of which the first call is the earliest. */
const expiryOf = ({ expiresAt }: PaymentAnswer, secretLifeSeconds: number) =>
  expiresAt === null
    ? sql`coalesce(${invoicePayments.clientSecretExpiresAt},
        ${invoicePayments.askedAt} + make_interval(secs => ${secretLifeSeconds}::float8))`
    : new Date(expiresAt);

/**
 * The PSP does not know a payment that it had answered for: the attempt has no answer any more, and is asked for again under
 * its id, which the PSP never takes twice.
 */
export async function forgetAttemptAnswer(db: Db, attemptId: string): Promise<void> {
  await db
    .update(invoicePayments)
    .set({ providerStatus: null, clientSecret: null, clientSecretExpiresAt: null })
    .where(and(eq(invoicePayments.id, attemptId), eq(invoicePayments.status, 'pending')));
}

/**
 * Stamps a look at the PSP by the database's clock. One that is to be ended keeps its turn: a look that began before that was
 * wanted must not put the end off.
 */
export async function markAttemptLooked(db: Db, attemptId: string): Promise<void> {
  await db
    .update(invoicePayments)
    .set({ reconcileCheckedAt: sql`clock_timestamp()` })
    .where(and(eq(invoicePayments.id, attemptId), isNull(invoicePayments.endRequestedAt)));
}

/** Stamps that the PSP was told to end it, and has not ended it: the next time to tell it is counted from here. */
export async function markEndTried(db: Db, attemptId: string): Promise<void> {
  await db
    .update(invoicePayments)
    .set({ reconcileCheckedAt: sql`clock_timestamp()` })
    .where(eq(invoicePayments.id, attemptId));
}

/**
 * Keeps why the PSP has not answered for `silentMs`; true for the first caller, who tells the workflow so that operators
 * see it.
 */
export async function noteSilence(
  db: Db,
  attemptId: string,
  reason: string,
  silentMs: number,
): Promise<boolean> {
  const noted = await db
    .update(invoicePayments)
    .set({ errorMessage: reason })
    .where(
      and(
        eq(invoicePayments.id, attemptId),
        eq(invoicePayments.status, 'pending'),
        isNull(invoicePayments.errorMessage),
        lte(
          invoicePayments.askedAt,
          sql`clock_timestamp() - make_interval(secs => ${silentMs / 1000}::float8)`,
        ),
      ),
    )
    .returning({ id: invoicePayments.id });
  return noted.length > 0;
}
