import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

/** Rows of a table that are over from some time on, and that an index finds by that time and their key. */
export interface RowsOver {
  readonly table: string;
  /** The column that names a row, and its type. */
  readonly key: readonly [column: string, type: 'uuid' | 'text' | 'bigint'];
  /** When a row is over, as the index has it. */
  readonly overAt: SQL;
  /** How long it is kept all the same. */
  readonly keptForMs: number;
  /** What else has to be so. */
  readonly and?: SQL;
}

/** Rows that say where somebody called from. */
export const HAS_ADDRESS: SQL = sql`(ip IS NOT NULL OR user_agent IS NOT NULL)`;

/** A row, as a list goes on behind it. */
export interface RowCursor {
  readonly overAt: string;
  readonly key: string;
}

/** `by` is a time of the database's clock, ISO 8601. */
export const isOver = ({ overAt, keptForMs, and }: RowsOver, by: string): SQL<boolean> =>
  sql<boolean>`${overAt} < ${by}::timestamptz - ${keptForMs}::float8 * interval '1 millisecond'${and ? sql` AND ${and}` : sql``}`;

/** Rows that are over, those that have been so for longest first. */
export async function listRowsOver(
  db: Db,
  rows: RowsOver,
  { by, after, limit }: { readonly by: string; readonly after: RowCursor | null; readonly limit: number },
): Promise<readonly RowCursor[]> {
  const [table, key] = namesOf(rows);
  const behind =
    after === null
      ? sql``
      : sql` AND (${rows.overAt}, ${key}) > (${after.overAt}::timestamptz, ${after.key}::${typeOf(rows)})`;
  const found = await db.execute<{ over_at: string; key: string }>(sql`
    SELECT (${rows.overAt})::text AS over_at, ${key}::text AS key FROM ${table}
    WHERE ${isOver(rows, by)}${behind}
    ORDER BY ${rows.overAt}, ${key} LIMIT ${limit}`);
  return found.map((row) => ({ overAt: row.over_at, key: row.key }));
}

/**
 * Removes those of these rows that are still over and that nobody is at work on; returns their keys. What is used again
 * meanwhile stays.
 */
export async function removeRowsOver(
  db: Db,
  rows: RowsOver,
  { by, keys }: { readonly by: string; readonly keys: readonly string[] },
): Promise<readonly string[]> {
  const [table, key] = namesOf(rows);
  const removed = await db.execute<{ key: string }>(sql`
    DELETE FROM ${table} WHERE ${key} IN (
      SELECT ${key} FROM ${table} WHERE ${key} = ANY (${sql.param(keys)}::${typeOf(rows)}[]) AND ${isOver(rows, by)}
      FOR UPDATE SKIP LOCKED)
    RETURNING ${key}::text AS key`);
  return removed.map((row) => row.key);
}

/**
 * Forgets where those of these rows came from that are still over and that nobody is at work on; returns their keys. The table
 * has `ip` and `user_agent`.
 */
export async function forgetRowsOver(
  db: Db,
  rows: RowsOver,
  { by, keys }: { readonly by: string; readonly keys: readonly string[] },
): Promise<readonly string[]> {
  const [table, key] = namesOf(rows);
  const forgotten = await db.execute<{ key: string }>(sql`
    UPDATE ${table} SET ip = NULL, user_agent = NULL WHERE ${key} IN (
      SELECT ${key} FROM ${table} WHERE ${key} = ANY (${sql.param(keys)}::${typeOf(rows)}[]) AND ${isOver(rows, by)}
      FOR UPDATE SKIP LOCKED)
    RETURNING ${key}::text AS key`);
  return forgotten.map((row) => row.key);
}

/** Addresses of audit entries that are so old. */
export const auditAddressesOver = (retentionMs: number): RowsOver => ({
  table: 'audit_log',
  key: ['id', 'bigint'],
  overAt: sql`at`,
  keptForMs: retentionMs,
  and: HAS_ADDRESS,
});

const namesOf = ({ table, key: [column] }: RowsOver) =>
  [sql.identifier(table), sql.identifier(column)] as const;
const typeOf = ({ key: [, type] }: RowsOver) => sql.raw(type);
