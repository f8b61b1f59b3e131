import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { userSubject } from '../../../domain/accounts/ids.ts';
import type { Db } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { tellAccount } from '../tell-account.ts';
import { endSession } from './end.ts';
import type { SessionTerms } from './open.ts';
import { refreshTokens, sessions } from './schema.ts';

/** Two tabs that refresh at once get the same successor. Later than this, somebody else has the token. */
const SAME_FOR_S = 10;

export interface Rotation extends SessionTerms {
  /** SHA-256 of the token that was given, and of the one that follows it. */
  readonly tokenHash: string;
  readonly successorHash: string;
}

/**
 * Uses a refresh token up and puts its successor in its place, by one guarded statement: of many at once one does it, and the
 * others find it done. Returns the session. Throws `refresh_token_invalid`, `session_ended`, and `refresh_token_reused`, by
 * which the session has ended.
 */
export async function refreshSession(
  db: Db,
  { tokenHash, successorHash, ttlMs, idleMs }: Rotation,
  from: Omit<Act, 'actor'>,
): Promise<string> {
  const successorId = uuidv7();
  const [rotated] = await db.execute<{ session_id: string }>(sql`
    WITH used AS (
      UPDATE refresh_tokens AS token SET used_at = clock_timestamp(), successor_id = ${successorId}
      FROM sessions AS session
      WHERE token.token_hash = ${tokenHash} AND token.used_at IS NULL AND session.id = token.session_id
        AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
      RETURNING token.session_id
    ), made AS (
      INSERT INTO refresh_tokens (id, session_id, token_hash) SELECT ${successorId}, session_id, ${successorHash} FROM used
    )
    UPDATE sessions AS session SET last_seen_at = clock_timestamp(), expires_at = least(
      session.created_at + ${ttlMs}::float8 * interval '1 millisecond', clock_timestamp() + ${idleMs}::float8 * interval '1 millisecond')
    FROM used WHERE session.id = used.session_id AND session.ended_at IS NULL RETURNING used.session_id`);
  return rotated?.session_id ?? explain(db, tokenHash, from);
}

/** The token was not fresh: the session, where its successor is what the caller gets too. */
async function explain(db: Db, tokenHash: string, from: Omit<Act, 'actor'>): Promise<string> {
  const [token] = await db
    .select({
      sessionId: sessions.id,
      userId: sessions.userId,
      isOpen: sql<boolean>`${sessions.endedAt} IS NULL AND ${sessions.expiresAt} > clock_timestamp()`,
      isRecent: sql<boolean>`${refreshTokens.usedAt} > clock_timestamp() - ${SAME_FOR_S} * interval '1 second'`,
    })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .where(eq(refreshTokens.tokenHash, tokenHash));
  if (token === undefined) throw new VezaError('refresh_token_invalid', 'There is no such refresh token.');
  if (!token.isOpen) throw new VezaError('session_ended', 'The session has ended: sign in again.');
  if (token.isRecent) return token.sessionId;
  await endStolen(db, token, from);
  throw new VezaError(
    'refresh_token_reused',
    'This refresh token was used before, so somebody else may have it: the session has ended.',
  );
}

async function endStolen(
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
  from: Omit<Act, 'actor'>,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await endSession(tx, { userId, sessionId }, 'refresh_token_reused'))) return;
    const after = { sessionId };
    const entry = { action: 'session.reuse', subject: userSubject(userId), before: null, after };
    await writeAuditLog(tx, { ...from, actor: userId }, entry);
    await tellAccount(tx, userId, { kind: 'session_reuse', params: { at: new Date().toISOString() } });
  });
}
