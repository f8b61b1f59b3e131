import { inArray } from 'drizzle-orm';
import type { FileStore } from '../../../domain/kernel/index.ts';
import { TOMBSTONES } from '../../../domain/privacy/ids.ts';
import { users } from '../../accounts/schema.ts';
import type { Db } from '../../client.ts';

/** A page of what the store says of erasures. */
export interface ComparedTombstones {
  readonly looked: number;
  /** People who were erased, and whom this database shows as they were before. */
  readonly undone: readonly string[];
  /** Behind which to go on; null: this was the last page. */
  readonly next: string | null;
}

const IS_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Compares the next tombstones with the rows. A person whom the database does not know at all was made after the backup that it
 * comes from: nothing of theirs is in it.
 */
export async function compareTombstones(
  db: Db,
  store: Pick<FileStore, 'list'>,
  after: string | null,
): Promise<ComparedTombstones> {
  const { files, next } = await store.list(TOMBSTONES, after ?? undefined);
  const ids = files.map(({ key }) => key.slice(TOMBSTONES.length)).filter((id) => IS_ID.test(id));
  if (ids.length === 0) return { looked: 0, undone: [], next };
  const known = await db
    .select({ id: users.id, status: users.status })
    .from(users)
    .where(inArray(users.id, ids))
    .orderBy(users.id);
  const undone = known.flatMap(({ id, status }) => (status === 'erasing' || status === 'erased' ? [] : [id]));
  return { looked: ids.length, undone, next };
}
