import { exportWorkflowId } from '../../../domain/privacy/ids.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import type { DataExport } from '../schema.ts';
import { failExport } from './fail-build.ts';
import { lockExport } from './lock.ts';

/** Ends a copy that could not be made, and tells its person. One that has ended stays as it is. Throws `MissingRow`. */
export async function giveUpExport(tx: Tx, exportId: string, act: Act): Promise<DataExport> {
  const row = await lockExport(tx, exportId);
  if (row.status !== 'queued' && row.status !== 'building') return row;
  const failed = await failExport(tx, row, 'given_up');
  await writeAuditLog(tx, act, {
    action: 'export.give_up',
    subject: exportWorkflowId(exportId),
    before: { status: row.status },
    after: { status: failed.status },
  });
  return failed;
}
