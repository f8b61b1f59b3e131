import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { endSession, endSessions } from './end.ts';

/** Somebody ends a session of theirs. Returns whether it was open. */
export const endOwnSession = (
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
  reason: 'logout' | 'revoked',
  act: Act,
): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await endSession(tx, { userId, sessionId }, reason))) return false;
    await writeAuditLog(tx, act, {
      action: reason === 'logout' ? 'user.logout' : 'session.end',
      subject: userSubject(userId),
      before: null,
      after: { sessionId },
    });
    return true;
  });

/** Somebody ends all their sessions but the one that they do it in. */
export const endOtherSessions = (
  db: Db,
  { userId, spared }: { readonly userId: string; readonly spared: string | undefined },
  act: Act,
): Promise<void> =>
  db.transaction(async (tx) => {
    const sessionIds = await endSessions(tx, { userId, spared }, 'revoked');
    if (sessionIds.length === 0) return;
    await writeAuditLog(tx, act, {
      action: 'session.end',
      subject: userSubject(userId),
      before: null,
      after: { sessionIds },
    });
  });
