import type { ExportAttempt, ExportTerms } from '../../../domain/privacy/exports.ts';
import { exportWorkflowId } from '../../../domain/privacy/ids.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Db } from '../../client.ts';
import { clearFlags } from '../../kernel/index.ts';
import type { ExportedPart } from '../schema.ts';
import type { Build } from './begin-build.ts';
import { lockExport } from './lock.ts';
import { transitionExport } from './transition.ts';

export interface BuiltFile {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly parts: readonly ExportedPart[];
}

/** Keeps the file of an attempt, if a later one has not begun; its person is told. Repeatable. */
export async function endBuild(
  db: Db,
  { exportId, attempt, fileKey }: Build,
  file: BuiltFile,
  { ttlMs }: Pick<ExportTerms, 'ttlMs'>,
): Promise<Extract<ExportAttempt, { ended: true }>> {
  return db.transaction(async (tx) => {
    const row = await lockExport(tx, exportId);
    if (row.status !== 'building' || row.attempt !== attempt)
      return { ended: true, status: row.status, code: row.errorCode };
    const readyAt = new Date();
    const expiresAt = new Date(readyAt.getTime() + ttlMs);
    await transitionExport(tx, row, 'ready', {
      ...{ fileKey, ...file, readyAt, expiresAt, errorCode: null, nextAttemptAt: null },
    });
    const subject = exportWorkflowId(exportId);
    await clearFlags(tx, 'export_failed', subject);
    const params = { export_id: exportId, expires_at: expiresAt.toISOString() };
    await writeMail(tx, { kind: 'export_ready', params, userId: row.userId, subject });
    return { ended: true, status: 'ready', code: null };
  });
}
