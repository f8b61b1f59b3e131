import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

/** A cell of a copy of data, as JSON has it. Times are ISO 8601, amounts minor units. */
export type ExportedCell = string | number | boolean | null | readonly string[];
export type ExportedRow = Readonly<Record<string, ExportedCell>>;

/** A column by which rows are in order, and its type. */
export type ExportKey = readonly [column: SQL, type: 'timestamptz' | 'uuid' | 'text' | 'bigint' | 'integer'];

/**
 * One kind of what is held on a person, as a copy for them has it. A subject brings its own in `db/<subject>/export.ts`.
 * No column is a hash, a secret or a token; of others it has the public name alone, and of operators no reason.
 */
export interface ExportPart {
  /** What its files are called: letters and `_`. */
  readonly name: string;
  /** What it is, for its person: a sentence. */
  readonly about: string;
  /** The tables whose rows it shows. */
  readonly tables: readonly string[];
  /** In the order of the file. */
  readonly columns: Readonly<Record<string, SQL>>;
  /** FROM and WHERE: the rows of a person, a uuid. */
  readonly from: (person: SQL) => SQL;
  /** When a row came about: rows that are younger than the request are not in the copy. */
  readonly since: SQL;
  /** Together they name a row. */
  readonly order: readonly ExportKey[];
  /** Opens what is sealed in a row. Throws where that cannot be read; then the row is named, and left out. */
  readonly open?: (db: Db, userId: string, row: ExportedRow) => Promise<ExportedRow>;
  /** A column that names a file in the store. Its size and its hash become columns, `size_bytes` and `sha256`. */
  readonly file?: string;
}

/** Rows whose time and id are columns of this table, the oldest first. */
export const byTime = (table: string): Pick<ExportPart, 'since' | 'order'> => ({
  since: sql.raw(`${table}.created_at`),
  order: [
    [sql.raw(`${table}.created_at`), 'timestamptz'],
    [sql.raw(`${table}.id`), 'uuid'],
  ],
});

/** Columns of one table, under their own names. */
export const columnsOf = (table: string, ...names: readonly string[]): Readonly<Record<string, SQL>> =>
  Object.fromEntries(names.map((name) => [name, sql.raw(`${table}."${name}"`)]));
