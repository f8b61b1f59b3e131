import { sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';

/** Removes the refresh tokens of a session that is over: its next upkeep looks at it no more. */
export const removeRefreshTokens = async (db: Db, sessionId: string): Promise<void> => {
  await db.execute(sql`
    WITH removed AS (DELETE FROM refresh_tokens WHERE session_id = ${sessionId})
    UPDATE sessions SET tokens_removed_at = clock_timestamp() WHERE id = ${sessionId}`);
};
