import { backoffDelayMs } from '../../../domain/kernel/index.ts';
import type { ExportAttempt, ExportTerms } from '../../../domain/privacy/exports.ts';
import { exportWorkflowId } from '../../../domain/privacy/ids.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { raiseFlag } from '../../kernel/index.ts';
import type { DataExport } from '../schema.ts';
import type { Build } from './begin-build.ts';
import { lockExport } from './lock.ts';
import { transitionExport } from './transition.ts';

/** Records by a code why an attempt made no file. After the last one the copy has failed: its person and operators are told. */
export async function failBuild(
  db: Db,
  { exportId, attempt }: Pick<Build, 'exportId' | 'attempt'>,
  code: string,
  { retry, retriesMax }: ExportTerms,
): Promise<ExportAttempt> {
  return db.transaction(async (tx) => {
    const row = await lockExport(tx, exportId);
    if (row.status !== 'building' || row.attempt !== attempt)
      return { ended: true, status: row.status, code: row.errorCode };
    if (attempt > retriesMax) {
      await failExport(tx, row, code);
      const detail = `No file could be made in ${attempt} attempts: ${code}.`;
      await raiseFlag(tx, 'export_failed', exportWorkflowId(exportId), detail);
      return { ended: true, status: 'failed', code };
    }
    const delayMs = backoffDelayMs(attempt - 1, retry);
    const nextAttemptAt = new Date(Date.now() + delayMs);
    await transitionExport(tx, row, 'building', { errorCode: code, nextAttemptAt });
    return { ended: false, attempts: attempt, code, delayMs, nextAttemptAt: nextAttemptAt.toISOString() };
  });
}

/** Ends a copy without a file, and tells its person. */
export async function failExport(tx: Tx, row: DataExport, code: string): Promise<DataExport> {
  const failed = await transitionExport(tx, row, 'failed', { errorCode: code, nextAttemptAt: null });
  const subject = exportWorkflowId(row.id);
  await writeMail(tx, { kind: 'export_failed', params: {}, userId: row.userId, subject });
  return failed;
}
