import { eq } from 'drizzle-orm';
import type { Db, Tx } from '../../client.ts';
import { sellerTransfers, transferReversals } from '../transfers/schema.ts';

/** The ids of the rows that a reversal has replaced, newest first. */
export async function readPredecessors(db: Db | Tx, retryOf: string | null): Promise<string[]> {
  const ids: string[] = [];
  for (let next = retryOf; next !== null;) {
    ids.push(next);
    const [row] = await db
      .select({ retryOf: transferReversals.retryOf })
      .from(transferReversals)
      .where(eq(transferReversals.id, next));
    next = row?.retryOf ?? null;
  }
  return ids;
}

/** What a look at Stripe needs for a reversal: its transfer's id there, and the ids of its chain's rows. */
export async function readReversalChain(
  db: Db,
  reversalId: string,
): Promise<{ readonly stripeTransferId: string | null; readonly ids: readonly string[] }> {
  const [row] = await db
    .select({ retryOf: transferReversals.retryOf, stripeTransferId: sellerTransfers.stripeTransferId })
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(eq(transferReversals.id, reversalId));
  if (row === undefined) throw new Error(`there is no reversal ${reversalId}`);
  const { stripeTransferId, retryOf } = row;
  return { stripeTransferId, ids: [reversalId, ...(await readPredecessors(db, retryOf))] };
}
