import { sql } from 'drizzle-orm';

/**
 * In what a statement of its own returns: its COMMIT answers before the row is on disk. A crash of PostgreSQL may lose
 * the last 0.6 s of such rows, whole and never in part (postgresql.org/docs, "Asynchronous Commit"). Only for what may
 * be forgotten or is done again: counts of calls, asks that nothing was opened for, and that a webhook was handed on. Never inside a transaction, whose
 * COMMIT would no longer wait either.
 */
export const asynchronousCommit = sql<string>`set_config('synchronous_commit', 'off', true)`;
