import { type SQL, sql } from 'drizzle-orm';

/** How rows of a kind are found by an id alone: each subject brings its own, and `db/operators/find-subject.ts` spreads them. */
export interface NamedRows {
  /** How their ids begin: `refund/…`. */
  readonly kind: string;
  readonly table: SQL;
  /** The column with the row's id at the provider, which has a unique index. */
  readonly providerId?: SQL;
}

export const KERNEL_NAMED: readonly NamedRows[] = [{ kind: 'flag', table: sql`ops_flags` }];
