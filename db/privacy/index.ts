export { findText, type FoundText } from './find-text.ts';
export { OPEN_PEOPLE, type PeopleFigure, PRIVACY_FIGURES } from './figures.ts';
export { listDeletions, listExports } from './list.ts';
export { PRIVACY_NAMED } from './named.ts';
export { type DeletionStory, type ExportStory, readDeletionStory, readExportStory } from './story.ts';
export type { AccountDeletion, DataExport } from './schema.ts';
export { PRIVACY_WORK } from './work.ts';
