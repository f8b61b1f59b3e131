import { asc, inArray } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { orders } from './orders/schema.ts';
import { sellerTransfers, transferReversals } from './transfers/schema.ts';

/**
 * Locks at once, in the one order of locks, the transfers and reversals that an action on many locks row by row, so that
 * it may go through them in any order.
 */
export async function lockManyTransfers(
  tx: Tx,
  {
    transferIds,
    reversalIds,
  }: { readonly transferIds: readonly string[]; readonly reversalIds: readonly string[] },
): Promise<void> {
  const ofReversals = reversalIds.length === 0 ? [] : await transfersOf(tx, reversalIds);
  if (transferIds.length > 0) {
    const ordersOfThem = tx
      .select({ id: sellerTransfers.orderId })
      .from(sellerTransfers)
      .where(inArray(sellerTransfers.id, [...transferIds]));
    await tx
      .select({ id: orders.id })
      .from(orders)
      .where(inArray(orders.id, ordersOfThem))
      .orderBy(asc(orders.id))
      .for('no key update');
  }
  const allTransfers = [...new Set([...transferIds, ...ofReversals])];
  if (allTransfers.length > 0) {
    await tx
      .select({ id: sellerTransfers.id })
      .from(sellerTransfers)
      .where(inArray(sellerTransfers.id, allTransfers))
      .orderBy(asc(sellerTransfers.id))
      .for('no key update');
  }
}

/** A reversal is covered by its transfer's lock. */
async function transfersOf(tx: Tx, reversalIds: readonly string[]): Promise<string[]> {
  const rows = await tx
    .selectDistinct({ id: transferReversals.transferId })
    .from(transferReversals)
    .where(inArray(transferReversals.id, [...reversalIds]));
  return rows.map((row) => row.id);
}
