import { and, asc, count, eq, gt, isNotNull, isNull, or, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { orders } from '../orders/schema.ts';
import { sellerTransfers } from './schema.ts';
import { sellerAccounts } from '../../sellers/index.ts';

/** Sent, but without Stripe's id: rows of an older system. */
export const withoutId = and(
  isNotNull(sellerTransfers.completedAt),
  or(isNull(sellerTransfers.stripeTransferId), eq(sellerTransfers.stripeTransferId, '')),
);

export async function countTransfersWithoutId(db: Db): Promise<number> {
  const [row] = await db.select({ count: count() }).from(sellerTransfers).where(withoutId);
  return row?.count ?? 0;
}

/** The next ids in their order, after the given one. */
export async function listTransfersWithoutId(
  db: Db,
  { afterId, limit }: { readonly afterId: string | null; readonly limit: number },
): Promise<string[]> {
  const rows = await db
    .select({ id: sellerTransfers.id })
    .from(sellerTransfers)
    .where(and(withoutId, afterId === null ? undefined : gt(sellerTransfers.id, afterId)))
    .orderBy(asc(sellerTransfers.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

export type SentTransfer = NonNullable<Awaited<ReturnType<typeof readSentTransfer>>>;

/**
 * A transfer with the account that it must have gone to (the row's own, else the seller's current one), and the time
 * of the sale.
 */
export async function readSentTransfer(db: Db, transferId: string) {
  const [row] = await db
    .select({
      transfer: sellerTransfers,
      sellerAccountId: sellerAccounts.stripeAccountId,
      soldAt: sql`coalesce(${orders.completedAt}, ${orders.createdAt})`.mapWith(orders.createdAt),
    })
    .from(sellerTransfers)
    .leftJoin(sellerAccounts, eq(sellerAccounts.userId, sellerTransfers.sellerId))
    .innerJoin(orders, eq(orders.id, sellerTransfers.orderId))
    .where(eq(sellerTransfers.id, transferId));
  if (row === undefined) return null;
  const { transfer, sellerAccountId, soldAt } = row;
  return { transfer, soldAt, destination: transfer.stripeAccountId || sellerAccountId };
}
