import { asc, eq } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { sellerBalances } from '../../ledger/index.ts';

type Balance = typeof sellerBalances.$inferSelect;

/**
 * Locks all balances of a person, and gives the first in the order of currencies that has a debt; null: they owe nothing. Throws
 * `balance_not_found`.
 */
export async function lockDebt(tx: Tx, userId: string): Promise<Balance | null> {
  const rows = await tx
    .select()
    .from(sellerBalances)
    .where(eq(sellerBalances.sellerId, userId))
    .orderBy(asc(sellerBalances.currency))
    .for('no key update');
  if (rows.length === 0) throw new VezaError('balance_not_found', `${userId} has no balance.`);
  return rows.find((row) => debtMinor(row) > 0) ?? null;
}

/** What somebody owes us in a currency: shares that were given back to buyers, and fees that we kept. */
export const debtMinor = ({ owedMinor, feesOwedMinor }: Pick<Balance, 'owedMinor' | 'feesOwedMinor'>) =>
  owedMinor + feesOwedMinor;
