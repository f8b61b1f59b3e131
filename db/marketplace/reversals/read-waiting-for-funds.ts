import { and, eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { sellerTransfers, transferReversals } from '../transfers/schema.ts';
import { reversalLabel, type ReversalWork } from '../labels.ts';

/** A seller's reversals that wait for funds at their account: new money there may be enough for them. */
export async function readWaitingForFunds(
  tx: Tx,
  { sellerId, currency }: { readonly sellerId: string; readonly currency: string },
): Promise<ReversalWork[]> {
  const rows = await tx
    .select()
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(
      and(
        eq(sellerTransfers.sellerId, sellerId),
        eq(sellerTransfers.currency, currency),
        eq(transferReversals.status, 'pending'),
        eq(transferReversals.waitingFor, 'seller_funds'),
      ),
    );
  return rows.map((row) => reversalLabel(row.seller_transfers, row.transfer_reversals));
}
