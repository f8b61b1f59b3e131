import { type SQLWrapper, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { ONE_ROW } from '../connections/driver.ts';

/**
 * Sends a guarded update of one row by its key, and does not wait for it. If its row has changed since it was read, the
 * transaction is aborted, and throws GuardMissed at its COMMIT at the latest.
 */
export async function writeOne(tx: Tx, update: SQLWrapper): Promise<void> {
  await tx.execute(
    sql`WITH moved AS (${update.getSQL()} RETURNING 1) SELECT 1 / count(*) FROM moved ${sql.raw(ONE_ROW)}`,
  );
}
