import { and, count, eq } from 'drizzle-orm';
import type { Db, Tx } from '../../client.ts';
import { orders } from './schema.ts';

/** How many orders of a buyer wait for their payment. */
export async function countOpenOrders(db: Db | Tx, buyerId: string): Promise<number> {
  const [row] = await db
    .select({ open: count() })
    .from(orders)
    .where(and(eq(orders.buyerId, buyerId), eq(orders.status, 'pending')));
  return row?.open ?? 0;
}
