import { and, eq } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { idempotencyKeys } from './schema.ts';

export type IdempotencyRow = typeof idempotencyKeys.$inferSelect;

/** The stored answer of a repeatable call, or null where the key is new. */
export async function readIdempotencyKey(
  db: Db | Tx,
  { scope, key }: { readonly scope: string; readonly key: string },
): Promise<IdempotencyRow | null> {
  const [row] = await db
    .select()
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key)));
  return row ?? null;
}
