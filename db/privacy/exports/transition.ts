import { and, eq } from 'drizzle-orm';
import { EXPORT, type ExportStatus } from '../../../domain/privacy/export-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale } from '../../kernel/index.ts';
import { type DataExport, dataExports } from '../schema.ts';

/** Changes the status of an export, or its fields in the same status; the only code that writes the status. */
export async function transitionExport(
  tx: Tx,
  dataExport: Pick<DataExport, 'id' | 'status'>,
  to: ExportStatus,
  set: Partial<Omit<DataExport, 'id' | 'status'>> = {},
): Promise<DataExport> {
  assertTransition(EXPORT, dataExport, to);
  const rows = await tx
    .update(dataExports)
    .set({ ...set, status: to })
    .where(and(eq(dataExports.id, dataExport.id), eq(dataExports.status, dataExport.status)))
    .returning();
  return transitionedOrStale(rows, EXPORT, dataExport, to);
}
