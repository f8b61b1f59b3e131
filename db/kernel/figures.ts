import { type SQL, sql } from 'drizzle-orm';

/**
 * What a subject brings to the figures of the whole, by kind of row. Each query reads a partial index of only its rows
 * (test/operators/figures.test.ts has the plans), so ended rows, which are nearly all, cost nothing here.
 */
export interface FigurePart {
  /** Open rows: kind, status, currency, rows, amount in minor units, age of the oldest in seconds. */
  readonly open?: Readonly<Record<string, SQL>>;
  /** What automation gave up on and nobody has taken up again: kind, status, currency, rows, amount. */
  readonly givenUp?: Readonly<Record<string, SQL>>;
  /** Each open row: its kind in the list of open work, and since when. */
  readonly openSince?: Readonly<Record<string, SQL>>;
  /** What began after a time: kind, and whether it ended well; null: it is open. */
  readonly outcomes?: Readonly<Record<string, (since: SQL) => SQL>>;
}

export const countedRows = sql`count(*)::int AS rows`;
/** The age of the oldest, in seconds. */
export const ageS = (column: SQL) => sql`coalesce(extract(epoch FROM now() - min(${column})), 0)::float8`;
