import { eq, sql } from 'drizzle-orm';
import type { PayableFunds, PayingSeller } from '../../domain/payouts/eligibility.ts';
import type { Db, Tx } from '../client.ts';
import { sellerBalances } from '../ledger/index.ts';
import { users } from '../accounts/index.ts';
import { sellerAccounts } from '../sellers/index.ts';

/**
 * What decides about a seller's payout; null for an unknown seller. Binding where the caller has locked the balances.
 */
export async function readPayingSeller(db: Db | Tx, sellerId: string): Promise<PayingSeller | null> {
  const [seller] = await db
    .select({
      stripeAccountId: sellerAccounts.stripeAccountId,
      payoutsEnabled: sellerAccounts.payoutsEnabled,
    })
    .from(users)
    .leftJoin(sellerAccounts, eq(sellerAccounts.userId, users.id))
    .where(eq(users.id, sellerId));
  if (seller === undefined) return null;
  const balances = await db
    .select({ currency: sellerBalances.currency, availableMinor: sellerBalances.availableMinor })
    .from(sellerBalances)
    .where(eq(sellerBalances.sellerId, sellerId));
  const funds: PayableFunds[] = [];
  for (const balance of balances) {
    funds.push({ ...balance, disputedMinor: await readDisputedMinor(db, sellerId, balance.currency) });
  }
  return { ...seller, funds };
}

/**
 * What is left of the seller's shares of disputed orders whose transfers have completed; others are still in
 * `pending`, and wait there. The whole share counts, even if only a part of the order is disputed.
 */
async function readDisputedMinor(db: Db | Tx, sellerId: string, currency: string): Promise<number> {
  const [held] = await db.execute<{ minor: string }>(sql`
    SELECT coalesce(sum(greatest(left_minor, 0)), 0)::text AS minor FROM (
      SELECT sum(item.amount_minor - item.platform_fee_minor - coalesce(refunded.minor, 0)) AS left_minor
      FROM orders
      JOIN order_items AS item ON item.order_id = orders.id AND item.seller_id = ${sellerId}
      LEFT JOIN LATERAL (
        SELECT sum(allocation.seller_minor) AS minor
        FROM refund_allocations AS allocation JOIN refunds ON refunds.id = allocation.refund_id
        WHERE allocation.order_item_id = item.id AND refunds.status = 'succeeded'
      ) AS refunded ON true
      WHERE orders.currency = ${currency}
        AND orders.id IN (SELECT order_id FROM disputes WHERE status = 'open')
        AND EXISTS (
          SELECT 1 FROM seller_transfers AS sent
          WHERE sent.order_id = orders.id AND sent.seller_id = ${sellerId} AND sent.completed_at IS NOT NULL)
      GROUP BY orders.id
    ) AS shares`);
  return Number(held?.minor ?? 0);
}
