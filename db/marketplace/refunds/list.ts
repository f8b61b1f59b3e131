import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { orderItems, orders } from '../orders/schema.ts';
import { isOfOrder, type RefundOfOrder, refunds } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage, writtenOnce } from '../../kernel/index.ts';

const withParties = writtenOnce((db) =>
  db
    .select({ refund: refunds, buyerId: orders.buyerId, sellerId: orderItems.sellerId })
    .from(refunds)
    .innerJoin(orders, eq(orders.id, refunds.orderId))
    .innerJoin(orderItems, eq(orderItems.orderId, orders.id))
    .where(eq(refunds.id, sql.placeholder('refundId')))
    .prepare('refund_with_parties'),
);

/**
 * A refund with the buyer and the sellers of its order, in one statement, or null. The calling code checks whether the user
 * may see it.
 */
export async function readRefundWithParties(
  db: Db,
  refundId: string,
): Promise<{
  readonly refund: RefundOfOrder;
  readonly buyerId: string;
  readonly items: readonly { readonly sellerId: string }[];
} | null> {
  const rows = await withParties(db).execute({ refundId });
  const [first] = rows;
  if (first === undefined || !isOfOrder(first.refund)) return null;
  return {
    refund: first.refund,
    buyerId: first.buyerId,
    items: rows.map(({ sellerId }) => ({ sellerId })),
  };
}

export async function listRefundsOfOrder(
  db: Db,
  { orderId, ask }: { orderId: string; ask: PageAsk },
): Promise<Page<RefundOfOrder>> {
  const { after, orderBy, limit } = keyset(refunds, refunds.createdAt, refunds.id, ask);
  const rows = await db
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows.filter(isOfOrder), ask);
}
