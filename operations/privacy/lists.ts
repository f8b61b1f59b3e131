import { type AccountDeletion, type DataExport, listDeletions, listExports } from '../../db/privacy/index.ts';
import type { Db } from '../../db/client.ts';
import type { Page, PageAsk } from '../../db/kernel/index.ts';
import { deletionWorkflowId, exportWorkflowId } from '../../domain/privacy/ids.ts';
import { waitWordsOf } from '../../domain/privacy/waits.ts';
import { deletionAsks, nextOfDeletion, waitsOf } from './deletion.ts';
import type { ActionAsk } from '../row-kind.ts';
import { nextOfExport } from './export.ts';

// What operators see of people who leave and of copies of data, as console and command line list it.

/** What a list of deletions may be of. */
export const DELETION_LISTS = {
  open: ['scheduled', 'waiting', 'erasing'],
  scheduled: ['scheduled'],
  waiting: ['waiting'],
  erasing: ['erasing'],
  undone: ['undone'],
  erased: ['erased'],
} as const;
export type DeletionList = keyof typeof DELETION_LISTS;

/** What a list of exports may be of. */
export const EXPORT_LISTS = { open: ['queued', 'building'], failed: ['failed'], all: undefined } as const;
export type ExportList = keyof typeof EXPORT_LISTS;

interface Listed {
  readonly subject: string;
  /** What happens next without a person. */
  readonly next: string;
}

export interface ListedDeletion extends AccountDeletion, Listed {
  readonly actions: readonly ActionAsk[];
  /** What it waits for, as people read it. */
  readonly waitWords: readonly string[];
}

export interface ListedExport extends DataExport, Listed {}

/** Who is erased or undone: the newest first; who leaves: whose last day comes first. */
export async function listPeopleLeaving(
  db: Db,
  of: DeletionList,
  ask: Omit<PageAsk, 'newestFirst'>,
): Promise<Page<ListedDeletion>> {
  const newestFirst = of === 'undone' || of === 'erased';
  const page = await listDeletions(db, { statuses: DELETION_LISTS[of] }, { ...ask, newestFirst });
  const rows = page.rows.map((row) => ({
    ...row,
    subject: deletionWorkflowId(row.userId),
    next: nextOfDeletion(row.status, waitsOf(row)),
    waitWords: waitWordsOf(waitsOf(row)),
    actions: deletionAsks(row),
  }));
  return { ...page, rows };
}

/** The newest first. */
export async function listCopiesOfData(
  db: Db,
  of: ExportList,
  ask: Omit<PageAsk, 'newestFirst'>,
): Promise<Page<ListedExport>> {
  const page = await listExports(db, { statuses: EXPORT_LISTS[of] }, { ...ask, newestFirst: true });
  const rows = page.rows.map((row) => ({
    ...row,
    subject: exportWorkflowId(row.id),
    next: nextOfExport(row),
  }));
  return { ...page, rows };
}
