import { and, eq, sql } from 'drizzle-orm';
import { ATTEMPT, type AttemptStatus } from '../../../domain/subscriptions/attempt-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale } from '../../kernel/index.ts';
import { type InvoicePayment, invoicePayments } from '../invoices/schema.ts';

/**
 * Changes an attempt's status, or its fields in the same status; the only code that writes the status. Notes when money
 * that it received became known.
 */
export async function transitionAttempt(
  tx: Tx,
  attempt: Pick<InvoicePayment, 'id' | 'status'>,
  to: AttemptStatus,
  set: Partial<Omit<InvoicePayment, 'id' | 'status'>> = {},
): Promise<InvoicePayment> {
  assertTransition(ATTEMPT, attempt, to);
  const isCapture = (set.receivedMinor ?? null) !== null;
  const capturedAt = sql`coalesce(${invoicePayments.capturedAt}, clock_timestamp())`;
  const rows = await tx
    .update(invoicePayments)
    .set({ ...set, status: to, ...(isCapture && { capturedAt }) })
    .where(and(eq(invoicePayments.id, attempt.id), eq(invoicePayments.status, attempt.status)))
    .returning();
  return transitionedOrStale(rows, ATTEMPT, attempt, to);
}
