import { askForDeletion } from './ask-for-deletion.ts';
import { leave } from './leave.ts';
import { listDeletions } from './list-deletions.ts';
import { readDeletion } from './read-deletion.ts';
import { undoDeletion } from './undo-deletion.ts';

/** In the order of the reference page. */
export const PRIVACY_ROUTES = [leave, askForDeletion, readDeletion, undoDeletion, listDeletions] as const;
