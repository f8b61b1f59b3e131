import { createHash } from 'node:crypto';
import type { Db, Tx } from '../db/client.ts';
import type { Act } from '../db/kernel/index.ts';
import { VezaError } from '../domain/errors.ts';

// What whoever acts for an operator needs.

/** The reason. Throws `validation_failed` where there is none. */
export function reasonOf({ reason }: Act): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new VezaError('validation_failed', 'Say why: the reason is kept in the audit log.', {
    field: 'reason',
  });
}

/** Further parameters of an action. Throws `validation_failed` where they do not fit it. */
export function paramsOf<Params>(
  schema: { safeParse(given: unknown): { success: true; data: Params } | { success: false } },
  given: unknown,
): Params {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new VezaError('validation_failed', 'The action does not take such parameters.');
}

/** A token of what was shown: it stays the same only while nothing of it changes. */
export const seenToken = (...shown: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 32);

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
