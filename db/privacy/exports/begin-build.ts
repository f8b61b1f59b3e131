import type { ExportStatus } from '../../../domain/privacy/export-machine.ts';
import { exportFilePrefix } from '../../../domain/privacy/ids.ts';
import type { Db } from '../../client.ts';
import { lockExport } from './lock.ts';
import { transitionExport } from './transition.ts';

/** An attempt at a copy. No other one has its number, or its file. */
export interface Build {
  readonly exportId: string;
  readonly userId: string;
  readonly attempt: number;
  readonly fileKey: string;
}

/** Begins an attempt at a copy; of one that has ended, its status. Each call begins another attempt. */
export async function beginBuild(
  db: Db,
  exportId: string,
): Promise<Build | { readonly status: ExportStatus; readonly code: string | null }> {
  return db.transaction(async (tx) => {
    const row = await lockExport(tx, exportId);
    if (row.status !== 'queued' && row.status !== 'building')
      return { status: row.status, code: row.errorCode };
    const attempt = row.attempt + 1;
    await transitionExport(tx, row, 'building', { attempt, nextAttemptAt: null });
    return { exportId, userId: row.userId, attempt, fileKey: `${exportFilePrefix(exportId)}${attempt}` };
  });
}
