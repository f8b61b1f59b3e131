import { sql } from 'drizzle-orm';
import { MAX_AMOUNT_MINOR } from '../../domain/kernel/money.ts';
import type { Tx } from '../client.ts';

/** Millions of orders below this total would have to be open at once before their sum could be wrong. Minor units. */
const WATCHED_ABOVE_MINOR = 1_000_000_000;

/**
 * Whether an order of this total would make a sum of its currency too large to be exact: all that is owed to sellers,
 * and all that is not paid yet. Such large orders are opened one after the other.
 */
export async function isBeyondCounting(
  tx: Tx,
  { totalMinor, currency }: { readonly totalMinor: number; readonly currency: string },
): Promise<boolean> {
  if (totalMinor <= WATCHED_ABOVE_MINOR) return false;
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`order of ${currency}`}, 0))`);
  const [held] = await tx.execute<{ minor: string }>(sql`
    SELECT (SELECT coalesce(sum(pending_minor + available_minor + paying_out_minor::numeric), 0) FROM seller_balances WHERE currency = ${currency})
      + (SELECT coalesce(sum(total_minor), 0) FROM orders WHERE status = 'pending' AND currency = ${currency}) AS minor`);
  return BigInt(held?.minor ?? 0) + BigInt(totalMinor) > BigInt(MAX_AMOUNT_MINOR);
}
