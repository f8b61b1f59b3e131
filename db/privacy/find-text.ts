import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import type { ClassedColumn } from '../schema/personal.ts';
import { columnsOf, PERSONAL_TABLES } from '../schema/personal.ts';

/** A column in which a text stands. */
export interface FoundText extends Pick<ClassedColumn, 'table' | 'column'> {
  /** Null: the column has no class, so nothing erases it. */
  readonly class: ClassedColumn['class'] | null;
  readonly rows: number;
}

/** Columns of these types can hold what somebody wrote, or where they called from. */
const HOLDS_TEXT = sql`('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY', 'inet')`;

const CLASSED = PERSONAL_TABLES.flatMap(columnsOf);

/**
 * Looks for a text in every column of every table, whatever its letters' case. Reads each table once, whole. What is sealed is
 * not opened.
 */
export async function findText(db: Db, text: string): Promise<readonly FoundText[]> {
  const columns = await db.execute<{ table: string; column: string; type: string }>(sql`
    SELECT table_name AS "table", column_name AS "column", data_type AS type FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type IN ${HOLDS_TEXT} ORDER BY table_name, ordinal_position`);
  const found: FoundText[] = [];
  for (const table of new Set(columns.map((column) => column.table))) {
    const those = columns.filter((column) => column.table === table);
    const counts = those.map(({ column, type }) => {
      const name = sql.identifier(column);
      const said = type === 'bytea' ? sql`encode(${name}, 'escape')` : sql`${name}::text`;
      return sql`count(*) FILTER (WHERE position(lower(${text}::text) IN lower(${said})) > 0)`;
    });
    const [row] = await db.execute<{ counts: number[] }>(sql`
      SELECT json_build_array(${sql.join(counts, sql`, `)}) AS counts FROM ${sql.identifier(table)}`);
    for (const [at, rows] of (row?.counts ?? []).entries()) {
      const column = those[at]?.column;
      if (rows === 0 || column === undefined) continue;
      const is = CLASSED.find((one) => one.table === table && one.column === column)?.class ?? null;
      found.push({ table, column, class: is, rows });
    }
  }
  return found;
}
