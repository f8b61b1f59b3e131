import { asc, inArray } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { sellerPayouts } from './schema.ts';

/** Locks at once, in the one order of locks, the payouts that an action on many locks row by row. */
export async function lockManyPayouts(tx: Tx, payoutIds: readonly string[]): Promise<void> {
  if (payoutIds.length === 0) return;
  await tx
    .select({ id: sellerPayouts.id })
    .from(sellerPayouts)
    .where(inArray(sellerPayouts.id, [...payoutIds]))
    .orderBy(asc(sellerPayouts.id))
    .for('no key update');
}
