import { eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { MissingRow } from '../../kernel/index.ts';
import { dataExports } from '../schema.ts';

/** Throws `MissingRow`. */
export async function readRequestedAt(db: Db, exportId: string): Promise<Date> {
  const [row] = await db
    .select({ requestedAt: dataExports.requestedAt })
    .from(dataExports)
    .where(eq(dataExports.id, exportId));
  if (row === undefined) throw new MissingRow('export', exportId);
  return row.requestedAt;
}
