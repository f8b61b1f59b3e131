import { userSubject } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { type Account, lockAccount } from '../lock-account.ts';

/** An admin ends all sessions of a person, and what they have begun of others. Returns how many were open. Throws `user_not_found`. */
export async function endAllSessions(
  tx: Tx,
  userId: string,
  act: Act,
): Promise<{ readonly account: Account; readonly ended: number }> {
  const account = await lockNamed(tx, 'user', userId, lockAccount);
  await endWaysIn(tx, userId);
  const sessionIds = await endSessions(tx, { userId }, 'by_operator');
  if (sessionIds.length > 0) {
    await writeAuditLog(tx, act, {
      action: 'session.end',
      subject: userSubject(userId),
      before: null,
      after: { sessionIds },
    });
  }
  return { account, ended: sessionIds.length };
}
