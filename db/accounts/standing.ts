import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import { hasSecondFactor } from '../../domain/accounts/index.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import type { Standing } from '../../domain/accounts/standing.ts';
import type { Db } from '../client.ts';
import { STATUS_TO_THEM } from './status-to-them.ts';
import { users } from './schema.ts';
import { readOpenKeyIds } from './api-keys.ts';
import { sessions } from './sessions/schema.ts';

/** Reads how a person and their session stand, and the database's time; null as `takeBearerCall` says. */
export async function readStandingOf(
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string | null },
): Promise<{ readonly standing: Standing | null; readonly at: Date }> {
  const [person] = await db
    .select({ role: users.role, status: STATUS_TO_THEM, at: sql`clock_timestamp()`.mapWith(users.createdAt) })
    .from(users)
    .where(eq(users.id, userId));
  const at = person?.at ?? new Date();
  if (person === undefined) return { standing: null, at };
  const { role, status } = person;
  if (sessionId === null) return { standing: { role, status, session: null }, at };
  const [row] = await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId)));
  if (row === undefined) return { standing: null, at };
  const session = {
    id: row.id,
    kind: row.kind,
    amr: row.amr,
    authenticatedAtMs: row.authenticatedAt.getTime(),
    expiresAtMs: row.expiresAt.getTime(),
    isEnded: row.endedAt !== null,
  };
  return { standing: { role, status, session }, at };
}

/** What opened a stream. */
export interface Opened {
  readonly userId: string;
  readonly keyId: string | null;
  readonly sessionId: string | null;
}

export interface StandingOfStreams {
  /** Roles by user; a user who is gone, or is not let in at all, has none. */
  readonly roles: ReadonlyMap<string, Role>;
  /** The keys that still work. */
  readonly keyIds: ReadonlySet<string>;
  /** The sessions that are open, and whether a second factor proved each. */
  readonly sessions: ReadonlyMap<string, { readonly isProved: boolean }>;
}

/** Reads how the users, keys and sessions of open streams stand now. */
export async function readStanding(db: Db, openers: readonly Opened[], at: Date): Promise<StandingOfStreams> {
  const userIds = [...new Set(openers.map(({ userId }) => userId))];
  const keyIds = [...new Set(openers.flatMap(({ keyId }) => keyId ?? []))];
  const sessionIds = [...new Set(openers.flatMap(({ sessionId }) => sessionId ?? []))];
  const [people, open, openSessions] = await Promise.all([
    db
      .select({ id: users.id, role: users.role })
      .from(users)
      .where(and(inArray(users.id, userIds), inArray(STATUS_TO_THEM, ['active', 'closing']))),
    readOpenKeyIds(db, keyIds, at),
    readOpenSessions(db, sessionIds),
  ]);
  return { roles: new Map(people.map(({ id, role }) => [id, role])), keyIds: open, sessions: openSessions };
}

async function readOpenSessions(db: Db, ids: readonly string[]): Promise<StandingOfStreams['sessions']> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .select({ id: sessions.id, amr: sessions.amr })
    .from(sessions)
    .where(
      and(
        inArray(sessions.id, [...ids]),
        isNull(sessions.endedAt),
        gt(sessions.expiresAt, sql`clock_timestamp()`),
      ),
    );
  return new Map(rows.map(({ id, amr }) => [id, { isProved: hasSecondFactor(amr) }]));
}
