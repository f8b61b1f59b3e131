import type { SubjectPart } from '../row-kind.ts';
import { accountAddition } from './account.ts';
import { deletion, stuckDeletion } from './deletion.ts';
import { dataExport, stuckExport } from './export.ts';
import { PRIVACY_FLAG_WORDS } from './flags.ts';

export {
  DELETION_LISTS,
  type DeletionList,
  EXPORT_LISTS,
  type ExportList,
  listCopiesOfData,
  type ListedDeletion,
  type ListedExport,
  listPeopleLeaving,
} from './lists.ts';

export const PRIVACY = {
  rows: [dataExport, deletion],
  adds: [accountAddition],
  stuck: { export: stuckExport, deletion: stuckDeletion },
  flags: PRIVACY_FLAG_WORDS,
} as const satisfies SubjectPart;
