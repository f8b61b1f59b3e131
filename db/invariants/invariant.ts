import { type SQL, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';

/** A condition that must hold in any database of ours, at any time. The numbers are those of docs and spec. */
export interface Invariant {
  readonly number: number;
  readonly title: string;
  /** Set-based queries that only read: one pass over its tables, also at a million rows. */
  check(tx: Tx): Promise<Violation[]>;
}

export interface Violation {
  /** What an operator searches by: the workflow id of the row, or another name of it. */
  readonly subject: string;
  readonly detail: string;
}

/** Runs a query whose columns are `subject` and `detail`. */
export async function violations(tx: Tx, query: SQL): Promise<Violation[]> {
  const rows = await tx.execute<{ subject: string; detail: string }>(query);
  return rows.map(({ subject, detail }) => ({ subject, detail }));
}

// A row named in another's retry_of is superseded: it counts in no invariant.

export const CURRENT_TRANSFERS = sql`(
  SELECT * FROM seller_transfers AS counted
  WHERE NOT EXISTS (SELECT 1 FROM seller_transfers AS retry WHERE retry.retry_of = counted.id))`;

export const CURRENT_REVERSALS = sql`(
  SELECT * FROM transfer_reversals AS counted
  WHERE NOT EXISTS (SELECT 1 FROM transfer_reversals AS retry WHERE retry.retry_of = counted.id))`;
