import { and, eq } from 'drizzle-orm';
import type { IdempotencyKey, KeptAnswer } from '../../domain/kernel/messages.ts';
import type { Db, Tx } from '../client.ts';
import { readIdempotencyKey } from './idempotency-keys.ts';
import { idempotencyKeys } from './schema.ts';

/**
 * Acts once for each key: what `act` writes and what it answers are committed together, and a repeat gets the same
 * answer. The key is claimed before anything is locked: of two calls at once, the second waits here until the first
 * has committed. A refusal takes the claim back.
 */
export async function keepAnswer(
  db: Db,
  idempotency: IdempotencyKey,
  act: (tx: Tx) => Promise<KeptAnswer>,
): Promise<{ readonly bodyHash: string; readonly answer: unknown }> {
  return db.transaction(async (tx) => {
    const claimed = await tx.insert(idempotencyKeys).values(idempotency).onConflictDoNothing().returning();
    if (claimed.length > 0) {
      const { scope, key } = idempotency;
      await tx
        .update(idempotencyKeys)
        .set({ answer: await act(tx) })
        .where(and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key)));
    }
    const stored = await readIdempotencyKey(tx, idempotency);
    if (stored === null) throw new Error(`the idempotency key of ${idempotency.scope} is not there`);
    return stored;
  });
}
