import { and, eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { invoicePayments } from '../invoices/schema.ts';

/** A failed attempt's payment cannot change any more: the sweep need not read it again. */
export async function releaseAttempt(db: Db, attemptId: string): Promise<void> {
  await db
    .update(invoicePayments)
    .set({ watchedUntil: null })
    .where(and(eq(invoicePayments.id, attemptId), eq(invoicePayments.status, 'failed')));
}
