import { and, eq } from 'drizzle-orm';
import { ATTEMPT, type AttemptStatus } from '../../../domain/subscriptions/attempt-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale } from '../../kernel/index.ts';
import { type InvoicePayment, invoicePayments } from '../invoices/schema.ts';

/** Changes an attempt's status, or its fields in the same status; the only code that writes the status. */
export async function transitionAttempt(
  tx: Tx,
  attempt: Pick<InvoicePayment, 'id' | 'status'>,
  to: AttemptStatus,
  set: Partial<Omit<InvoicePayment, 'id' | 'status'>> = {},
): Promise<InvoicePayment> {
  assertTransition(ATTEMPT, attempt, to);
  const rows = await tx
    .update(invoicePayments)
    .set({ ...set, status: to })
    .where(and(eq(invoicePayments.id, attempt.id), eq(invoicePayments.status, attempt.status)))
    .returning();
  return transitionedOrStale(rows, ATTEMPT, attempt, to);
}
