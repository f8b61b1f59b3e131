import type { Db, Tx } from '../db/client.ts';

class TakenBack extends Error {
  override readonly name = 'TakenBack';
}

/**
 * Runs an action and rolls it back, so that a preview comes from the very code that would do it. Throws what the
 * action throws; nothing of it stays.
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
