import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { licenses, orderItems, orders } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage, writtenOnce } from '../../kernel/index.ts';

export type OrderItemRow = typeof orderItems.$inferSelect;
export type LicenseRow = typeof licenses.$inferSelect;
export type OrderRow = typeof orders.$inferSelect & { readonly items: readonly OrderItemRow[] };
export type OrderInFullRow = OrderRow & { readonly licenses: readonly LicenseRow[] };

const orderInFull = writtenOnce((db) =>
  db
    .select({ order: orders, item: orderItems, license: licenses })
    .from(orders)
    .innerJoin(orderItems, eq(orderItems.orderId, orders.id))
    .leftJoin(licenses, eq(licenses.orderItemId, orderItems.id))
    .where(eq(orders.id, sql.placeholder('orderId')))
    .orderBy(asc(orderItems.position))
    .prepare('order_in_full'),
);

/**
 * An order with its items and their licences, in one statement, or null. The calling code checks whether the user may
 * see it.
 */
export async function readOrder(db: Db, orderId: string): Promise<OrderInFullRow | null> {
  const rows = await orderInFull(db).execute({ orderId });
  const [first] = rows;
  if (first === undefined) return null;
  return {
    ...first.order,
    items: rows.map(({ item }) => item),
    licenses: rows.flatMap(({ license }) => license ?? []),
  };
}

/** One buyer's orders, or everybody's where `buyerId` is undefined. */
export async function listOrders(
  db: Db,
  { buyerId, ask }: { buyerId: string | undefined; ask: PageAsk },
): Promise<Page<OrderRow>> {
  const { after, orderBy, limit } = keyset(orders, orders.createdAt, orders.id, ask);
  const rows = await db
    .select()
    .from(orders)
    .where(and(buyerId === undefined ? undefined : eq(orders.buyerId, buyerId), after))
    .orderBy(...orderBy)
    .limit(limit);
  const page = toPage(rows, ask);
  return { ...page, rows: await withItems(db, page.rows) };
}

async function withItems(db: Db, rows: (typeof orders.$inferSelect)[]): Promise<OrderRow[]> {
  if (rows.length === 0) return [];
  const items = await db
    .select()
    .from(orderItems)
    .where(
      inArray(
        orderItems.orderId,
        rows.map((row) => row.id),
      ),
    )
    .orderBy(asc(orderItems.position));
  return rows.map((row) => ({ ...row, items: items.filter((item) => item.orderId === row.id) }));
}
