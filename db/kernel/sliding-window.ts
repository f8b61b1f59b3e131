import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { asynchronousCommit } from './asynchronous-commit.ts';
import { sqlOnce } from './written-once.ts';

export interface CallAllowance {
  readonly isAllowed: boolean;
  /** Calls that are still free now. */
  readonly remaining: number;
  /** When the next call is free after the remaining ones are used. */
  readonly nextFreeAt: Date;
  /** By the database's clock, which all processes share. */
  readonly at: Date;
}

/** The row that counts somebody's calls: those of the current window in `used`, of the one before in `used_before`. */
export interface Counter {
  readonly table: SQL;
  /** The columns that identify the row, and the types of their values. */
  readonly keys: readonly (readonly [column: string, type: 'uuid' | 'text'])[];
  /** The column with the start of the current window. */
  readonly since: string;
  readonly windowS: number;
}

interface Counted {
  readonly since_ms: number;
  readonly used: number;
  readonly used_before: number;
  readonly at_ms: number;
}

/**
 * The command that takes one call from a limit, or says that none is free. One statement, so that over all processes
 * exactly the free calls pass; a refused call costs nothing.
 *
 * The window slides: calls of the previous window count by the share of it that the sliding window still covers. So a
 * client cannot spend two limits around a full hour or minute, as with fixed windows; and two counters are enough,
 * where a log would hold every call.
 *
 * `beside` is read in the same statement: a value of the caller's, null where there is none. The keys' values are named as their
 * columns.
 */
export function takeFrom<Value = null>(counter: Counter, beside: () => SQL<Value> = () => sql<Value>`NULL`) {
  const { windowS } = counter;
  const take = sqlOnce<Partial<Counted> & { readonly beside: Value | null }>(() => taking(counter, beside()));
  const look = sqlOnce<Counted>(() => looking(counter));
  return async (
    db: Db,
    keys: Readonly<Record<string, string>>,
    limit: number,
  ): Promise<CallAllowance & { readonly beside: Value | null }> => {
    const [row] = await take(db, { ...keys, limit });
    const told = { beside: row?.beside ?? null };
    if (isCounted(row)) return { ...allowanceOf(row, windowS, limit, true), ...told };
    // After a refusal, read only to say until when. The counts may have changed since; the refusal stays.
    const [now] = await look(db, keys);
    if (now === undefined) throw new Error('calls were refused and are not counted');
    return { ...allowanceOf(now, windowS, limit, false), ...told };
  };
}

const valueOf = ([name, type]: Counter['keys'][number]) => sql`${sql.placeholder(name)}::${sql.raw(type)}`;

function taking({ table, keys, windowS, ...counter }: Counter, beside: SQL): SQL {
  const since = sql.identifier(counter.since);
  const names = sql.join(
    keys.map(([name]) => sql.identifier(name)),
    sql`, `,
  );
  const values = sql.join(keys.map(valueOf), sql`, `);
  const isSame = sql`excluded.${since} <= counted.${since}`;
  const used = sql`CASE WHEN ${isSame} THEN counted.used ELSE 0 END`;
  const usedBefore = sql`CASE WHEN ${isSame} THEN counted.used_before
    WHEN excluded.${since} = counted.${since} + make_interval(secs => ${windowS}) THEN counted.used ELSE 0 END`;
  const latest = sql`greatest(counted.${since}, excluded.${since})`;
  // The share of the previous window that still counts.
  const share = sql`(1 - greatest(extract(epoch FROM excluded.last_used_at - ${latest}), 0) / ${windowS}::float8)`;
  // At the turn of a window, the later of two processes may have the earlier time.
  return sql`
    WITH taken AS (INSERT INTO ${table} AS counted (${names}, ${since}, used, used_before, last_used_at)
    VALUES (${values}, date_bin(make_interval(secs => ${windowS}), clock_timestamp(), 'epoch'::timestamptz), 1, 0, clock_timestamp())
    ON CONFLICT (${names}) DO UPDATE SET ${since} = ${latest}, used = ${used} + 1, used_before = ${usedBefore},
      last_used_at = greatest(counted.last_used_at, excluded.last_used_at)
    WHERE ${used} + 1 + ${usedBefore} * ${share} <= ${sql.placeholder('limit')}::float8
    RETURNING ${counts(since, sql`last_used_at`)})
    SELECT taken.*, (${beside}) AS beside, ${asynchronousCommit} FROM (SELECT) AS one LEFT JOIN taken ON true`;
}

function looking({ table, keys, since }: Counter): SQL {
  const own = sql.join(
    keys.map((key) => sql`${sql.identifier(key[0])} = ${valueOf(key)}`),
    sql` AND `,
  );
  return sql`SELECT ${counts(sql.identifier(since), sql`clock_timestamp()`)} FROM ${table} WHERE ${own}`;
}

/** Of a refused call the statement has no counts. */
const isCounted = <Row extends Partial<Counted>>(row: Row | undefined): row is Row & Counted =>
  typeof row?.used === 'number';

const counts = (since: SQL | ReturnType<typeof sql.identifier>, at: SQL) =>
  sql`(extract(epoch FROM ${since}) * 1000)::float8 AS since_ms, used, used_before, (extract(epoch FROM ${at}) * 1000)::float8 AS at_ms`;

/** The same sum in JavaScript, only for the headers: the statement has decided. */
function allowanceOf(
  { since_ms: sinceMs, used, used_before: usedBefore, at_ms: atMs }: Counted,
  windowS: number,
  limit: number,
  isAllowed: boolean,
): CallAllowance {
  const elapsedS = Math.max((atMs - sinceMs) / 1000, 0);
  const countedNow = used + usedBefore * Math.max(1 - elapsedS / windowS, 0);
  const remaining = isAllowed ? Math.max(Math.floor(limit - countedNow), 0) : 0;
  const freeAfterS = secondsUntilFree(used + remaining, usedBefore, limit, windowS);
  const nextFreeMs = Math.max(sinceMs + freeAfterS * 1000, atMs);
  return { isAllowed, remaining, nextFreeAt: new Date(nextFreeMs), at: new Date(atMs) };
}

/** Seconds after the window's start at which one call comes free. */
function secondsUntilFree(used: number, usedBefore: number, limit: number, windowS: number): number {
  const room = limit - 1;
  // Either in this window, as calls of the previous one stop counting, or in the next, as calls of this one do.
  if (used <= room) return usedBefore === 0 ? 0 : windowS * Math.max(1 - (room - used) / usedBefore, 0);
  return windowS + windowS * (1 - room / used);
}
