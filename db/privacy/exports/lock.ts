import { eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { MissingRow } from '../../kernel/index.ts';
import { type DataExport, dataExports } from '../schema.ts';

/** Throws `MissingRow`. */
export async function lockExport(tx: Tx, exportId: string): Promise<DataExport> {
  const [row] = await tx.select().from(dataExports).where(eq(dataExports.id, exportId)).for('no key update');
  if (row === undefined) throw new MissingRow('export', exportId);
  return row;
}
