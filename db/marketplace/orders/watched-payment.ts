import { and, eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { orders } from './schema.ts';

const WATCHED_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** Until when the payment of an order that fails now is watched: it may still be captured. */
export const watchedFromNow = (): Date => new Date(Date.now() + WATCHED_FOR_MS);

/** When the order failed, or when its payment began to be watched. */
export const watchedSince = (until: Date): Date => new Date(until.getTime() - WATCHED_FOR_MS);

/** A failed order's payment cannot change any more: the sweep need not read it again. */
export async function releasePayment(db: Db, orderId: string): Promise<void> {
  await db
    .update(orders)
    .set({ paymentWatchedUntil: null })
    .where(and(eq(orders.id, orderId), eq(orders.status, 'failed')));
}
