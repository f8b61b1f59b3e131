import { type SQLWrapper, sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { ONE_ROW } from '../connections/driver.ts';

/**
 * Sends a guarded update that must touch one row, and does not wait for it. If its row has changed since it was read, the
 * transaction fails, at its COMMIT at the latest.
 */
export async function writeOne(tx: Tx, update: SQLWrapper): Promise<void> {
  await tx.execute(sql`${update.getSQL()} ${sql.raw(ONE_ROW)}`);
}
