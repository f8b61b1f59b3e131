import { readClock } from '../../db/kernel/index.ts';
import type { BegunStep } from '../../db/privacy/erasing/steps.ts';
import { tombstoneKey } from '../../domain/privacy/ids.ts';
import type { FileDeps } from '../kernel/index.ts';
import type { PrivacyDeps } from './deps.ts';

/** Outlives every backup of the database: the id alone, and when. One that is there already stays. */
export async function writeTombstone(
  { db, store }: Pick<PrivacyDeps, 'db'> & FileDeps,
  { userId }: BegunStep,
): Promise<null> {
  const key = tombstoneKey(userId);
  if ((await store.stat(key)) !== null) return null;
  const text = JSON.stringify({ user_id: userId, erased_at: await readClock(db) });
  await store.put(key, oneChunk(Buffer.from(text)), { contentType: 'application/json' });
  return null;
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
