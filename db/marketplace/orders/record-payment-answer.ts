import { and, eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { orders } from './schema.ts';

/**
 * Keeps the PSP's answer about a payment, for the buyer's browser and for GET; decides nothing. After the order was
 * decided, an answer is older than the row and changes nothing.
 */
export async function recordPaymentAnswer(
  db: Db,
  orderId: string,
  answer: { readonly status: string; readonly clientSecret: string | null },
): Promise<void> {
  await db
    .update(orders)
    .set({
      paymentStatus: answer.status,
      ...(answer.clientSecret !== null && { paymentClientSecret: answer.clientSecret }),
    })
    .where(and(eq(orders.id, orderId), eq(orders.status, 'pending')));
}
