import { and, desc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { networkOf } from './network.ts';
import { hashOfSecret, type Session, type SessionTerms } from './open.ts';
import { sessions } from './schema.ts';

/** Older than this, the time at which a browser's session was last used is written anew. */
const SEEN_EVERY_S = 300;

/** The session that a cookie's secret belongs to; its use is noted now and then. Null: there is none, whatever has become of it. */
export async function readSessionBySecret(
  db: Db,
  kind: 'cookie' | 'console',
  secret: string,
  { ttlMs, idleMs }: SessionTerms,
): Promise<Pick<Session, 'id' | 'userId'> | null> {
  const [row] = await db
    .select({
      id: sessions.id,
      userId: sessions.userId,
      isStale: sql<boolean>`${sessions.lastSeenAt} < clock_timestamp() - ${SEEN_EVERY_S} * interval '1 second'
        AND ${sessions.endedAt} IS NULL AND ${sessions.expiresAt} > clock_timestamp()`,
    })
    .from(sessions)
    .where(and(eq(sessions.secretHash, hashOfSecret(secret)), eq(sessions.kind, kind)));
  if (row === undefined) return null;
  if (row.isStale) {
    await db
      .update(sessions)
      .set({
        lastSeenAt: sql`clock_timestamp()`,
        expiresAt: sql`least(${sessions.createdAt} + ${ttlMs}::float8 * interval '1 millisecond', clock_timestamp() + ${idleMs}::float8 * interval '1 millisecond')`,
      })
      .where(and(eq(sessions.id, row.id), isNull(sessions.endedAt)));
  }
  return row;
}

export async function readSession(db: Db, sessionId: string): Promise<Session | null> {
  const [row] = await db.select().from(sessions).where(eq(sessions.id, sessionId));
  return row ?? null;
}

/** The open sessions of a person, newest first. */
export const listSessions = (db: Db, userId: string): Promise<readonly Session[]> =>
  db
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
        gt(sessions.expiresAt, sql`clock_timestamp()`),
      ),
    )
    .orderBy(desc(sessions.createdAt), desc(sessions.id));

/** Whether a person has signed in from a network before; `ip` null: from nowhere. */
export async function hasSignedInFrom(db: Db, userId: string, ip: string | null): Promise<boolean> {
  if (ip === null) return false;
  const [row] = await db
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, userId),
        or(eq(sessions.ip, ip), sql`${sessions.ip}::inet <<= ${networkOf(ip)}::inet`),
      ),
    )
    .limit(1);
  return row !== undefined;
}
