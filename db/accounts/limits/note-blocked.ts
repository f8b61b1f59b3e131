import { eq, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { authFailures } from '../tokens/schema.ts';

/**
 * Writes into the audit log that a client has to wait before it may try to sign in to an account again. Where nobody has the address
 * there is nothing to write about: its count is written once more instead, so that it takes as long.
 */
export const noteBlocked = (
  db: Db,
  { userId, scope }: { readonly userId: string | null; readonly scope: string },
  from: Omit<Act, 'actor'>,
): Promise<void> =>
  db.transaction(async (tx) => {
    if (userId === null) {
      await tx
        .update(authFailures)
        .set({ failures: sql`${authFailures.failures}` })
        .where(eq(authFailures.scope, scope));
      return;
    }
    const entry = { action: 'user.login_blocked', subject: userSubject(userId), before: null, after: null };
    await writeAuditLog(tx, { ...from, actor: userId }, entry);
  });
