import { and, asc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ledgerEntries } from '../ledger/index.ts';
import { sellerPayouts } from './schema.ts';

/** A payout with its postings; null where there is none. */
export async function readPayoutRows(db: Db, payoutId: string) {
  const [payout] = await db.select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId));
  if (payout === undefined) return null;
  const entries = await db
    .select()
    .from(ledgerEntries)
    .where(
      and(
        eq(ledgerEntries.rootId, payoutId),
        eq(ledgerEntries.account, `seller:${payout.sellerId}:paying_out`),
      ),
    )
    .orderBy(asc(ledgerEntries.id));
  return { payout, entries };
}
