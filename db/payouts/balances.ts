import { asc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { sellerBalances } from '../ledger/index.ts';

export type BalanceRow = typeof sellerBalances.$inferSelect;

/** A seller's balances, one for each currency. */
export async function listBalances(db: Db, sellerId: string): Promise<BalanceRow[]> {
  return db
    .select()
    .from(sellerBalances)
    .where(eq(sellerBalances.sellerId, sellerId))
    .orderBy(asc(sellerBalances.currency));
}
