import { and, eq, sql } from 'drizzle-orm';
import { userSubject } from '../../../domain/accounts/index.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { users } from '../schema.ts';
import { endSessions } from '../sessions/end.ts';
import { endWaysIn } from '../sessions/end-ways-in.ts';
import { assertSessionOpen, type InSession } from '../sessions/lock-open.ts';
import { tellAccount } from '../tell-account.ts';
import { withdrawTokens } from '../tokens/make.ts';

/**
 * Puts another password in the place of the one that was compared (null: there was none). All sessions but this one end, and all
 * links. Throws `invalid_credentials` where the password has changed meanwhile, and `session_ended`.
 */
export const changePassword = (
  db: Db,
  by: InSession,
  { was, becomes }: { readonly was: string | null; readonly becomes: string },
  act: Act,
): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId, sessionId: spared } = by;
    const changed = await tx
      .update(users)
      .set({ passwordHash: becomes })
      .where(and(eq(users.id, userId), sql`${users.passwordHash} IS NOT DISTINCT FROM ${was}`))
      .returning({ id: users.id });
    if (changed.length === 0) {
      throw new VezaError('invalid_credentials', 'The password was changed meanwhile.');
    }
    await assertSessionOpen(tx, by);
    await withdrawTokens(tx, userId);
    await endWaysIn(tx, userId);
    await endSessions(tx, { userId, spared }, 'password_changed');
    const entry = { action: 'user.password_change', subject: userSubject(userId), before: null, after: null };
    await writeAuditLog(tx, act, entry);
    await tellAccount(tx, userId, { kind: 'password_changed', params: {} });
  });
