import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { orderItems, orders } from '../orders/schema.ts';
import { purchaseOf, type Purchases, readPayer } from '../purchase.ts';
import { isOfOrder, type Refund, type RefundOfOrder, refunds } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage, writtenOnce } from '../../kernel/index.ts';

const withParties = writtenOnce((db) =>
  db
    .select({ refund: refunds, buyerId: orders.buyerId, sellerId: orderItems.sellerId })
    .from(refunds)
    .leftJoin(orders, eq(orders.id, refunds.orderId))
    .leftJoin(orderItems, eq(orderItems.orderId, orders.id))
    .where(eq(refunds.id, sql.placeholder('refundId')))
    .prepare('refund_with_parties'),
);

/**
 * A refund with who paid and, of an order, the sellers, or null: in one statement where it is of an order. The calling
 * code checks whether the user may see it.
 */
export async function readRefundWithParties(
  db: Db,
  refundId: string,
  purchases: Purchases,
): Promise<{
  readonly refund: Refund;
  readonly buyerId: string | null;
  readonly items: readonly { readonly sellerId: string }[];
} | null> {
  const rows = await withParties(db).execute({ refundId });
  const [first] = rows;
  if (first === undefined) return null;
  const { refund } = first;
  return {
    refund,
    buyerId: first.buyerId ?? (await readPayer(db, purchaseOf(refund), purchases)),
    items: rows.flatMap(({ sellerId }) => (sellerId === null ? [] : { sellerId })),
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
