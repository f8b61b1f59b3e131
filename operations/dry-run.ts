import type { Db, Tx } from '../db/client.ts';

class TakenBack extends Error {
  override readonly name = 'TakenBack';
}

/**
 * Does it and takes it back: whoever asks what would happen is told by the very code that would do it. Throws what it
 * throws; nothing of it stays.
 */
export async function dryRun<T>(db: Db | Tx, act: (tx: Tx) => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  try {
    await db.transaction(async (tx) => {
      result = { value: await act(tx) };
      throw new TakenBack();
    });
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error;
  }
  if (result === undefined) throw new Error('what was tried out neither happened nor failed');
  return result.value;
}
