import { and, asc, eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { ledgerEntries, sellerBalances } from '../../ledger/index.ts';

/** A person's balances and what operators decided on their debts; null where they never sold anything. */
export async function readBalanceStory(db: Db, userId: string) {
  const balances = await db
    .select()
    .from(sellerBalances)
    .where(eq(sellerBalances.sellerId, userId))
    .orderBy(asc(sellerBalances.currency));
  if (balances.length === 0) return null;
  const entries = await db
    .select()
    .from(ledgerEntries)
    .where(and(eq(ledgerEntries.rootId, userId), eq(ledgerEntries.rootKind, 'balance')))
    .orderBy(asc(ledgerEntries.id));
  return { balances, entries };
}
