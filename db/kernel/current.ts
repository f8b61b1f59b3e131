import { type SQL, sql } from 'drizzle-orm';

/**
 * Of `one`, a transfer or a reversal: nobody has taken it up again in another row. A scalar subquery, not a join: one
 * look into an index for each row that is asked about, where a planner that joins may choose to walk the whole table of
 * what ended.
 */
export const isCurrent = (table: SQL): SQL =>
  sql`(SELECT retry.id FROM ${table} AS retry WHERE retry.retry_of = one.id) IS NULL`;
