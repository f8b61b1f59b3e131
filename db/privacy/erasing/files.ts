import { asc, eq } from 'drizzle-orm';
import { userProfiles } from '../../accounts/schema.ts';
import type { Db } from '../../client.ts';
import { lockExport } from '../exports/lock.ts';
import { transitionExport } from '../exports/transition.ts';
import { dataExports } from '../schema.ts';

export interface FilesOfPerson {
  /** All of them: one that failed may have left a file that is not whole. */
  readonly exportIds: readonly string[];
  /** Their picture. */
  readonly avatarKey: string | null;
}

export async function listFilesOf(db: Db, userId: string): Promise<FilesOfPerson> {
  const exported = await db
    .select({ id: dataExports.id })
    .from(dataExports)
    .where(eq(dataExports.userId, userId))
    .orderBy(asc(dataExports.id));
  const [profile] = await db
    .select({ avatarKey: userProfiles.avatarKey })
    .from(userProfiles)
    .where(eq(userProfiles.userId, userId));
  return { exportIds: exported.map(({ id }) => id), avatarKey: profile?.avatarKey ?? null };
}

/** Nobody wants the file of a copy any more that is not made yet. Repeatable. */
export const stopExport = (db: Db, exportId: string): Promise<void> =>
  db.transaction(async (tx) => {
    const row = await lockExport(tx, exportId);
    if (row.status === 'queued' || row.status === 'building')
      await transitionExport(tx, row, 'failed', { errorCode: 'erased', nextAttemptAt: null });
  });

/** The file of a copy is gone. Repeatable. */
export const removeExport = (db: Db, exportId: string): Promise<void> =>
  db.transaction(async (tx) => {
    const row = await lockExport(tx, exportId);
    if (row.status === 'ready') await transitionExport(tx, row, 'removed', { fileKey: null });
  });
