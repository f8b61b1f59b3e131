import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { lockNamed } from '../../kernel/index.ts';
import { type Account, lockAccount } from '../lock-account.ts';
import { sessions } from './schema.ts';

export interface InSession {
  readonly userId: string;
  /** In which they act; null: in none. */
  readonly sessionId: string | null;
}

/** Whether a session is open. It is locked: it ends before or after the whole transaction. Lock the account first. */
export async function lockOpenSession(tx: Tx, { userId, sessionId }: InSession): Promise<boolean> {
  if (sessionId === null) return false;
  const isOpen = and(isNull(sessions.endedAt), gt(sessions.expiresAt, sql`clock_timestamp()`));
  const [session] = await tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isOpen))
    .for('share');
  return session !== undefined;
}

/** Throws `session_ended`. */
export async function assertSessionOpen(tx: Tx, by: InSession): Promise<void> {
  if (await lockOpenSession(tx, by)) return;
  throw new VezaError('session_ended', 'The session has ended: sign in again.');
}

/**
 * Locks the account of somebody who changes what guards it: whoever has ended their session meanwhile has locked them out. Throws
 * `user_not_found` and `session_ended`.
 */
export async function lockInSession(tx: Tx, by: InSession): Promise<Account> {
  const account = await lockNamed(tx, 'user', by.userId, lockAccount);
  await assertSessionOpen(tx, by);
  return account;
}
