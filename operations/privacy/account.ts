import { readDeletionStory, readExportsOf } from '../../db/privacy/index.ts';
import type { Addition } from '../row-kind.ts';
import { deletionRow } from './deletion.ts';
import { scheduleDeletion } from './deletion-actions.ts';
import { exportRow } from './export.ts';

/** What is told in the story of an account: that its person leaves, and their copies of what is held on them. */
export const accountAddition: Addition = {
  kind: 'account',
  actions: [scheduleDeletion],
  async story(db, userId) {
    const deletion = await readDeletionStory(db, userId);
    const exports = await readExportsOf(db, userId);
    return {
      rows: [...(deletion === null ? [] : [deletionRow(deletion.rows[0])]), ...exports.map(exportRow)],
      mayBe: ({ status }) =>
        status === 'active' || status === 'disabled' ? (['schedule_deletion'] as const) : [],
    };
  },
};
