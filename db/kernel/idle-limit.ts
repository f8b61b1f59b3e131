import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';

/** How long PostgreSQL lets this transaction wait for us between two statements: for one that waits for somebody else. */
export const setIdleLimit = async (tx: Tx, limitMs: number): Promise<void> => {
  await tx.execute(sql`SELECT set_config('idle_in_transaction_session_timeout', ${String(limitMs)}, true)`);
};
