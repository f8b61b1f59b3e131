import { sql } from 'drizzle-orm';
import { findText } from '../../db/privacy/index.ts';
import { columnsOf, PERSONAL_TABLES, waysTo } from '../../db/schema/personal.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';

/** What nobody else writes anywhere. Each time with something behind it, since columns may be unique. */
export const CANARY = 'canaryWilhelmina';
const CANARY_ADDRESS = '192.0.2.177';

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}

/** Every column of every table, with its type. */
const columnsIn = (plain: DatabaseWithSql['sql']) => plain<Column[]>`
  SELECT table_name AS "table", column_name AS "column", data_type AS type, is_nullable = 'YES' AS nullable,
    column_default IS NOT NULL OR is_identity = 'YES' AS "hasDefault"
  FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`;

const uniqueOf = (word: string) => `'${word}-' || gen_random_uuid()`;

/** An SQL expression that holds the word; null where a column of this type cannot. `was`: what is in JSON already stays. */
function textFor(
  word: string,
  { type, column }: Column,
  { isMasked = false, was = false } = {},
): string | null {
  const unique = uniqueOf(word);
  if (type === 'text')
    return isMasked ? `json_build_object('description', ${unique}, 'status', 'failed')::text` : unique;
  if (type === 'jsonb')
    return `${was ? `coalesce("${column}", '{}') || ` : ''}jsonb_build_object('said', ${unique}, 'deep', jsonb_build_array(${unique}))`;
  if (type === 'ARRAY') return `ARRAY[${unique}]`;
  if (type === 'bytea') return `convert_to(${unique}, 'UTF8')`;
  if (type === 'inet') return `'${CANARY_ADDRESS}'::inet`;
  return null;
}

const FILLED = new Set(['delete', 'erase', 'mask', 'forget', 'law']);

/** No row has to be sensible from now on: a canary stands where a word of a closed vocabulary would. */
export async function dropChecks({ sql: plain }: DatabaseWithSql): Promise<void> {
  const checks = await plain<{ table: string; name: string }[]>`
    SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace`;
  await plain.unsafe(
    checks.map(({ table, name }) => `ALTER TABLE ${table} DROP CONSTRAINT ${name};`).join('\n'),
  );
}

/** Adds a row with something in each column that needs a value. Values are SQL. */
export async function insertRow(
  { sql: plain }: DatabaseWithSql,
  table: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const needed = (await columnsIn(plain)).filter(
    (one) => one.table === table && !one.nullable && !one.hasDefault,
  );
  const made = Object.fromEntries(needed.map((one) => [one.column, textFor('made', one) ?? PLAIN[one.type]]));
  const all = { ...made, ...values };
  const names = Object.keys(all).map((name) => `"${name}"`);
  await plain.unsafe(
    `INSERT INTO "${table}" (${names.join(', ')}) VALUES (${Object.values(all).join(', ')})`,
  );
}

const PLAIN: Readonly<Record<string, string>> = {
  uuid: 'gen_random_uuid()',
  integer: '1',
  bigint: '1',
  boolean: 'false',
  'timestamp with time zone': 'now()',
};

/**
 * Writes a canary into each column of text, JSON, bytes or arrays of these people's rows that is neither nobody's nor a
 * pseudonym. Returns the names of those columns. Triggers do not run.
 */
export async function fillWithCanaries(
  { db, sql: plain }: DatabaseWithSql,
  people: readonly string[],
): Promise<readonly string[]> {
  const filled: string[] = [];
  const columns = await columnsIn(plain);
  const references = await plain<{ name: string }[]>`
    SELECT conrelid::regclass || '.' || attname AS name FROM pg_constraint
    JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey) WHERE contype = 'f'`;
  await db.transaction(async (tx) => {
    await tx.execute(sql`SET LOCAL session_replication_role = replica`);
    for (const of of PERSONAL_TABLES) {
      const ways = people.flatMap((id) => waysTo(of, sql`${id}::uuid`));
      if (ways.length === 0) continue;
      const set = columnsOf(of).flatMap(({ column, class: is }) => {
        const name = `${of.table}.${column}`;
        const about = columns.find((one) => one.table === of.table && one.column === column);
        // With a currency that is none the books would not add up.
        const stays = column.endsWith('currency') || references.some((one) => one.name === name);
        if (about === undefined || !FILLED.has(is) || stays) return [];
        const canary = textFor(CANARY, about, { isMasked: is === 'mask', was: true });
        if (canary === null) return [];
        filled.push(name);
        return [sql`${sql.identifier(column)} = ${sql.raw(canary)}`];
      });
      const table = sql.identifier(of.table);
      const isTheirs = sql.join(
        ways.map((way) => sql`(${way})`),
        sql` OR `,
      );
      const rows =
        set.length === 0
          ? await tx.execute(sql`SELECT 1 FROM ${table} WHERE ${isTheirs}`)
          : await tx.execute(
              sql`UPDATE ${table} SET ${sql.join(set, sql`, `)} WHERE ${isTheirs} RETURNING 1`,
            );
      if (rows.length === 0) throw new Error(`${of.table} has no row of theirs: nothing is seen of it`);
    }
  });
  return filled.toSorted();
}

/** Where a canary stands: `table.column`, of all tables. */
export async function findCanaries({ db }: DatabaseWithSql): Promise<readonly string[]> {
  const found = [...(await findText(db, CANARY)), ...(await findText(db, CANARY_ADDRESS))];
  return [...new Set(found.map(({ table, column }) => `${table}.${column}`))].toSorted();
}

/** The columns that an erasure leaves as they are, of all rows: one line a row, by table. */
export async function readKept({
  sql: plain,
}: DatabaseWithSql): Promise<ReadonlyMap<string, readonly string[]>> {
  const kept = new Map<string, readonly string[]>();
  for (const of of PERSONAL_TABLES) {
    if (of.delete) continue;
    const names = columnsOf(of)
      .filter(
        (one) =>
          ['none', 'pseudonym', 'law'].includes(one.class) &&
          !of.keptIf?.[one.column] &&
          one.column !== of.maskedAt,
      )
      .map(({ column }) => `"${column}"`);
    const rows = await plain.unsafe<{ row: string }[]>(
      `SELECT row_to_json(kept)::text AS row FROM (SELECT ${names.join(', ')} FROM "${of.table}") AS kept ORDER BY 1`,
    );
    kept.set(
      of.table,
      rows.map(({ row }) => row),
    );
  }
  return kept;
}
