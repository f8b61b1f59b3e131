import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';

/** Writes into the audit log that a client has to wait before it may try to sign in to an account again. */
export const noteBlocked = (db: Db, userId: string, from: Omit<Act, 'actor'>): Promise<void> =>
  db.transaction((tx) =>
    writeAuditLog(
      tx,
      { ...from, actor: userId },
      { action: 'user.login_blocked', subject: userSubject(userId), before: null, after: null },
    ),
  );
