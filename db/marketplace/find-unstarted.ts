import { and, eq, inArray } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { sellerTransfers, transferReversals } from './transfers/schema.ts';
import { reversalLabel, type SettledRefund } from './labels.ts';

/**
 * For a repeat: the work that the settling transaction of these refunds called for and that has not ended. An attempt
 * may have died between the commit and the start.
 */
export async function findUnstarted(tx: Tx, refundIds: readonly string[]): Promise<SettledRefund> {
  if (refundIds.length === 0) return { isRepeat: true, reversals: [], transfers: [] };
  const open = await tx
    .select()
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(and(inArray(transferReversals.refundId, [...refundIds]), eq(transferReversals.status, 'pending')));
  return {
    isRepeat: true,
    reversals: open.map((row) => reversalLabel(row.seller_transfers, row.transfer_reversals)),
    transfers: [],
  };
}
