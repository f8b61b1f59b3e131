import { type SQL, sql } from 'drizzle-orm';

/**
 * True for a transfer or a reversal `one` that no other row retries. A scalar subquery, not a join: it costs one
 * index look-up for each row, while the planner of a join may read the whole table of ended rows.
 */
export const isCurrent = (table: SQL): SQL =>
  sql`(SELECT retry.id FROM ${table} AS retry WHERE retry.retry_of = one.id) IS NULL`;
