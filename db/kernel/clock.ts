import { sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';

/** The database's clock, which all processes share: ISO 8601. */
export async function readClock(db: Db | Tx): Promise<string> {
  const [row] = await db.execute<{ at: string }>(
    sql`SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  );
  if (row === undefined) throw new Error('the database has no clock');
  return row.at;
}
