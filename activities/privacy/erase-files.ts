import { listFilesOf, removeExport, stopExport } from '../../db/privacy/erasing/files.ts';
import type { BegunStep } from '../../db/privacy/erasing/steps.ts';
import { exportFilePrefix } from '../../domain/privacy/ids.ts';
import type { FileDeps } from '../kernel/index.ts';
import type { PrivacyDeps } from './deps.ts';

/** Files of the person: of their exports, also of unfinished ones, and their picture. A store that is away is waited for. */
export async function eraseFiles(
  { db, store }: Pick<PrivacyDeps, 'db'> & FileDeps,
  { userId }: BegunStep,
): Promise<null> {
  const { exportIds, avatarKey } = await listFilesOf(db, userId);
  for (const id of exportIds) {
    // First the row: a build that runs finds there that nobody wants its file any more.
    await stopExport(db, id);
    const prefix = exportFilePrefix(id);
    await store.abortUnfinished({ olderThan: new Date(), prefix });
    await removeAll(store, prefix);
    await removeExport(db, id);
  }
  if (avatarKey !== null) await store.remove(avatarKey);
  return null;
}

async function removeAll(store: FileDeps['store'], prefix: string): Promise<void> {
  for (let after: string | undefined; ;) {
    const { files, next } = await store.list(prefix, after);
    for (const { key } of files) await store.remove(key);
    if (next === null) return;
    after = next;
  }
}
