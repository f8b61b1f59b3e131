import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { lockAccount } from '../lock-account.ts';
import { endSession, endSessions } from './end.ts';
import { endWaysIn } from './end-ways-in.ts';
import type { InSession } from './lock-open.ts';

/**
 * Somebody ends a session of theirs. One that they do not know may have begun another sign-in: unless they sign out, what was begun
 * ends too. Returns whether it was open. Throws `user_not_found`.
 */
export const endOwnSession = (
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
  reason: 'logout' | 'revoked',
  act: Act,
): Promise<boolean> =>
  db.transaction(async (tx) => {
    await lockNamed(tx, 'user', userId, lockAccount);
    if (reason === 'revoked') await endWaysIn(tx, userId);
    if (!(await endSession(tx, { userId, sessionId }, reason))) return false;
    await writeAuditLog(tx, act, {
      action: reason === 'logout' ? 'user.logout' : 'session.end',
      subject: userSubject(userId),
      before: null,
      after: { sessionId },
    });
    return true;
  });

/** Somebody ends all their sessions but the one that they do it in, and what was begun of others. Throws `user_not_found`. */
export const endOtherSessions = (db: Db, { userId, sessionId: spared }: InSession, act: Act): Promise<void> =>
  db.transaction(async (tx) => {
    await lockNamed(tx, 'user', userId, lockAccount);
    await endWaysIn(tx, userId);
    const sessionIds = await endSessions(tx, { userId, spared }, 'revoked');
    if (sessionIds.length === 0) return;
    await writeAuditLog(tx, act, {
      action: 'session.end',
      subject: userSubject(userId),
      before: null,
      after: { sessionIds },
    });
  });
