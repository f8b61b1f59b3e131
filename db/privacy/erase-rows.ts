import { type SQL, sql } from 'drizzle-orm';
import { maskForGood, maskTextForGood } from '../../domain/kernel/index.ts';
import type { Db, Tx } from '../client.ts';
import type { PersonalTable } from '../kernel/index.ts';
import { leftOf, PERSONAL_TABLES, valuesOf, waysTo } from '../schema/personal.ts';

const BATCH_ROWS = 1_000;
/** A body may have a megabyte. */
const BATCH_BODIES = 50;

type Key = Readonly<Record<string, unknown>>;

/** How far an erasing has come: what was done up to here need not be looked at again. JSON. */
export interface ErasedSoFar {
  readonly table: string;
  /** The key of the last row that was looked at; null: none of this table yet. */
  readonly key: Key | null;
  /** Rows that were changed or deleted, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface ErasingOfRows {
  /** Where an earlier attempt came to. */
  readonly after?: ErasedSoFar | undefined;
  /** Called after each batch. */
  readonly onBatch?: (at: ErasedSoFar) => void | Promise<void>;
}

// By what is changed first the person's rows are found, also in tables whose rows then go.
const CHANGED = PERSONAL_TABLES.filter((of) => !of.last && (of.erase ?? of.keptIf ?? of.mask ?? of.forget));
const EMPTIED = PERSONAL_TABLES.filter((of) => !of.last && of.delete);
const IN_ORDER: readonly PersonalTable[] = [...CHANGED, ...EMPTIED];
const LAST = PERSONAL_TABLES.filter((of) => of.last);

/**
 * Erases, masks, forgets and deletes the rows of a person, as each column's class says; all but what the last
 * transaction empties. In batches, each of which stands by itself. Repeatable: what is done is not counted twice.
 * Returns how many rows were changed or deleted, by table.
 */
export async function eraseRows(
  db: Db | Tx,
  userId: string,
  { after, onBatch }: ErasingOfRows = {},
): Promise<Readonly<Record<string, number>>> {
  const person = sql`${userId}::uuid`;
  const rows: Record<string, number> = { ...after?.rows };
  const begun = after === undefined ? 0 : IN_ORDER.findIndex(({ table }) => table === after.table);
  for (const [at, of] of IN_ORDER.slice(Math.max(begun, 0)).entries()) {
    let key = at === 0 && begun >= 0 ? (after?.key ?? null) : null;
    for (;;) {
      const limit = of.mask ? BATCH_BODIES : BATCH_ROWS;
      const keys = await keysOf(db, of, person, { after: key, limit });
      const last = keys.at(-1);
      if (last === undefined) break;
      const changed = of.delete ? await deleteRows(db, of, keys) : await changeRows(db, of, keys);
      if (changed > 0) rows[of.table] = (rows[of.table] ?? 0) + changed;
      key = last;
      await onBatch?.({ table: of.table, key, rows: { ...rows } });
      if (keys.length < limit) break;
    }
  }
  return rows;
}

/** The person's key and their account: what the last transaction of an erasure empties. Returns rows by table. Repeatable. */
export async function eraseLastRows(tx: Tx, userId: string): Promise<Readonly<Record<string, number>>> {
  const rows: Record<string, number> = {};
  for (const of of LAST) {
    const keys = await keysOf(tx, of, sql`${userId}::uuid`, { after: null, limit: BATCH_ROWS });
    const changed = of.delete ? await deleteRows(tx, of, keys) : await changeRows(tx, of, keys);
    if (changed > 0) rows[of.table] = changed;
  }
  return rows;
}

const named = sql.identifier;
const listOf = (names: readonly string[], from?: string) =>
  sql.join(
    names.map((name) => (from === undefined ? named(name) : sql`${named(from)}.${named(name)}`)),
    sql`, `,
  );

/** Keys and values as a table has them: PostgreSQL reads each by its column's type. */
const recordsOf = ({ table }: PersonalTable, records: readonly Key[]) =>
  sql`jsonb_populate_recordset(NULL::${named(table)}, ${JSON.stringify(records)}::jsonb)`;

/** The next keys of the person's rows, in the order of the key. */
async function keysOf(
  db: Db | Tx,
  of: PersonalTable,
  person: SQL,
  { after, limit }: { readonly after: Key | null; readonly limit: number },
): Promise<readonly Key[]> {
  const key = listOf(of.key);
  const behind =
    after === null
      ? sql``
      : sql` AND (${key}) > (SELECT ${listOf(of.key, 'looked')} FROM ${recordsOf(of, [after])} AS looked)`;
  const ways = waysTo(of, person).map(
    (way) => sql`SELECT ${key} FROM ${named(of.table)} WHERE (${way})${behind}`,
  );
  // Fenced: the index of the primary key, which the order calls for, would read all of the table.
  const found = await db.execute<{ key: Key }>(sql`
    WITH mine AS MATERIALIZED (${sql.join(ways, sql` UNION `)})
    SELECT to_jsonb(mine) AS key FROM mine ORDER BY ${key} LIMIT ${limit}`);
  return found.map((row) => row.key);
}

async function deleteRows(db: Db | Tx, of: PersonalTable, keys: readonly Key[]): Promise<number> {
  const table = named(of.table);
  const those = sql`(SELECT ${listOf(of.key, 'those')} FROM ${recordsOf(of, keys)} AS those)`;
  if (of.cut !== undefined)
    await db.execute(sql`UPDATE ${table} SET ${named(of.cut)} = NULL WHERE ${named(of.cut)} IN ${those}`);
  const gone = await done(db, of, sql`DELETE FROM ${table} WHERE (${listOf(of.key)}) IN ${those}`);
  return gone.length;
}

async function changeRows(db: Db | Tx, of: PersonalTable, keys: readonly Key[]): Promise<number> {
  const masked = of.mask ? await maskRows(db, of, of.mask, keys) : [];
  const values = valuesOf(of);
  const left = leftOf(of);
  if (left === null || values.length === 0) return masked.length;
  const set = values.map(({ column, value }) => sql`${named(column)} = ${value}`);
  const changed = await done(
    db,
    of,
    sql`
      UPDATE ${named(of.table)} SET ${sql.join(set, sql`, `)}
      WHERE (${listOf(of.key)}) IN (SELECT ${listOf(of.key, 'those')} FROM ${recordsOf(of, keys)} AS those) AND ${left}`,
  );
  return new Set([...masked, ...changed]).size;
}

/** Returns the rows that had something to mask. */
async function maskRows(
  db: Db | Tx,
  of: PersonalTable,
  columns: readonly string[],
  keys: readonly Key[],
): Promise<readonly string[]> {
  const table = named(of.table);
  const isUnmasked = of.maskedAt === undefined ? sql`` : sql` AND ${named(of.maskedAt)} IS NULL`;
  const rows = await db.execute<{ row: Key }>(sql`
    SELECT to_jsonb(part) AS row FROM (
      SELECT ${listOf([...of.key, ...columns], of.table)} FROM ${table}
      WHERE (${listOf(of.key)}) IN (SELECT ${listOf(of.key, 'those')} FROM ${recordsOf(of, keys)} AS those)${isUnmasked}) AS part`);
  const changed = rows.flatMap(({ row }) => {
    const masked = { ...row, ...Object.fromEntries(columns.map((column) => [column, mask(row[column])])) };
    const hasSomething = columns.some((column) => row[column] !== null);
    const isSame = of.maskedAt === undefined && JSON.stringify(masked) === JSON.stringify(row);
    return !hasSomething || isSame ? [] : [masked];
  });
  if (changed.length === 0) return [];
  const set = columns.map((column) => sql`${named(column)} = masked.${named(column)}`);
  const marked = of.maskedAt === undefined ? [] : [sql`${named(of.maskedAt)} = now()`];
  const isRow = sql.join(
    of.key.map((column) => sql`${table}.${named(column)} = masked.${named(column)}`),
    sql` AND `,
  );
  return done(
    db,
    of,
    sql`
      UPDATE ${table} SET ${sql.join([...set, ...marked], sql`, `)}
      FROM ${recordsOf(of, changed)} AS masked WHERE ${isRow}`,
  );
}

/** A column of text comes as a string, one of jsonb as what it holds. */
const mask = (value: unknown): unknown =>
  typeof value === 'string' ? maskTextForGood(value) : maskForGood(value);

/** Carries a statement out; returns the keys of the rows that it changed or deleted, as text. */
async function done(db: Db | Tx, of: PersonalTable, statement: SQL): Promise<readonly string[]> {
  const rows = await db.execute<{ key: string }>(
    sql`${statement} RETURNING json_build_array(${listOf(of.key, of.table)})::text AS key`,
  );
  return rows.map(({ key }) => key);
}
