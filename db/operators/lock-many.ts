import { asc, inArray } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { orders, sellerTransfers, transferReversals } from '../marketplace/index.ts';
import { sellerPayouts } from '../payouts/index.ts';

/** The rows of an action on many, by their ids. */
export interface ManyRows {
  readonly transferIds: readonly string[];
  readonly reversalIds: readonly string[];
  readonly payoutIds: readonly string[];
}

/**
 * Locks at once, in the one order of locks, all that an action on many locks row by row, so that it may go through
 * them in any order.
 */
export async function lockMany(tx: Tx, { transferIds, reversalIds, payoutIds }: ManyRows): Promise<void> {
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
  if (payoutIds.length > 0) {
    await tx
      .select({ id: sellerPayouts.id })
      .from(sellerPayouts)
      .where(inArray(sellerPayouts.id, [...payoutIds]))
      .orderBy(asc(sellerPayouts.id))
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
