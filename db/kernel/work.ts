import { type SQL, sql } from 'drizzle-orm';

/**
 * A list of rows that are open for long, or need a person: each subject brings its own, and `db/operators/work.ts`
 * spreads them.
 */
export interface WorkPart {
  /** Automation has given its rows up: they are listed at once, at any age. */
  readonly needsPerson?: true;
  /** Listed from this age on, also where older rows alone are asked for: somebody waits for it. */
  readonly listedAfterMinutes?: number;
  /** Its amounts are money under way. */
  readonly isMoney?: true;
  /**
   * A query of its rows, led by a partial index of its own (test/operators/list-plans.test.ts has the plans). Columns: kind,
   * subject, id, order_id, seller_id, status, since, looked_at, amount_minor, currency, last_error, waiting_for, next_at,
   * retry_count.
   */
  readonly rows: SQL;
}

/** Looked up for each row beside it, by its key: OFFSET keeps the planner from joining with the whole table instead. */
export const rowOf = (table: SQL, id: SQL) => sql`LATERAL (SELECT * FROM ${table} WHERE id = ${id} OFFSET 0)`;
