import { eraseRows, type ErasedSoFar } from '../../db/privacy/erase-rows.ts';
import { type BegunStep, noteErasedRows } from '../../db/privacy/erasing/steps.ts';
import type { PrivacyDeps } from './deps.ts';

/** The row that was looked at last. */
export type RowsProgress = Pick<ErasedSoFar, 'table' | 'key'>;

/**
 * The rows by class. A heartbeat tells where the next attempt goes on, and the deletion's row keeps the counts; what a killed
 * worker erased in its last batch may not be counted.
 */
export async function erasePersonalRows(
  { db }: Pick<PrivacyDeps, 'db'>,
  { deletionId, userId, report }: BegunStep,
  progress: { readonly before: RowsProgress | undefined; tell(at: RowsProgress): void },
): Promise<null> {
  const { table, key } = progress.before ?? { table: '', key: null };
  let kept = JSON.stringify(report);
  await eraseRows(db, userId, {
    after: { table, key, rows: report },
    onBatch: async (at) => {
      const counts = JSON.stringify(at.rows);
      if (counts !== kept) await noteErasedRows(db, deletionId, at.rows);
      kept = counts;
      progress.tell({ table: at.table, key: at.key });
    },
  });
  return null;
}
