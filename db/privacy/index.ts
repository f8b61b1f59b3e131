export { EXPORT_PARTS, LEFT_OUT } from './export-parts.ts';
export { beginBuild, type Build } from './exports/begin-build.ts';
export { endBuild } from './exports/end-build.ts';
export { failBuild } from './exports/fail-build.ts';
export { giveUpExport } from './exports/give-up-export.ts';
export { readRequestedAt } from './exports/read.ts';
export { readExportPage } from './exports/read-page.ts';
export { closeAccount } from './deletions/close-account.ts';
export { eraseNow } from './deletions/erase-now.ts';
export { holdDeletion } from './deletions/hold-deletion.ts';
export { listToWake } from './deletions/list-to-wake.ts';
export { type DeletionLook, lookAtDeletion } from './deletions/look-at-deletion.ts';
export { noteRest } from './deletions/note-rest.ts';
export { lockOpenDeletion, readDeletion } from './deletions/open-deletion.ts';
export { releaseHold } from './deletions/release-hold.ts';
export { undoDeletion } from './deletions/undo-deletion.ts';
export { findText, type FoundText } from './find-text.ts';
export { OPEN_PEOPLE, type PeopleFigure, PRIVACY_FIGURES } from './figures.ts';
export { listDeletions, listExports } from './list.ts';
export { PRIVACY_NAMED } from './named.ts';
export {
  type DeletionStory,
  type ExportStory,
  readDeletionStory,
  readExportsOf,
  readExportStory,
} from './story.ts';
export type { AccountDeletion, DataExport } from './schema.ts';
export { PRIVACY_WORK } from './work.ts';
export { TICKETS_OVER } from './over.ts';
