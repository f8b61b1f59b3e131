import { and, eq, isNull, ne, sql } from 'drizzle-orm';
import type { SessionEndReason } from '../../../domain/accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { sessions } from './schema.ts';

/** Ends an open session; it counts at its next request. Returns whether it was open. */
export async function endSession(
  db: Db | Tx,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
  reason: SessionEndReason,
): Promise<boolean> {
  const ended = await db
    .update(sessions)
    .set({ endedAt: sql`now()`, endReason: reason })
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning({ id: sessions.id });
  return ended.length > 0;
}

/** Ends all open sessions of a person, but the one that is spared. Returns their ids. */
export async function endSessions(
  db: Db | Tx,
  { userId, spared }: { readonly userId: string; readonly spared?: string | null },
  reason: SessionEndReason,
): Promise<readonly string[]> {
  const ended = await db
    .update(sessions)
    .set({ endedAt: sql`now()`, endReason: reason })
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
        spared === undefined || spared === null ? undefined : ne(sessions.id, spared),
      ),
    )
    .returning({ id: sessions.id });
  return ended.map(({ id }) => id);
}
