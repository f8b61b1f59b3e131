import { and, eq } from 'drizzle-orm';
import { INVOICE, type InvoiceStatus } from '../../../domain/subscriptions/invoice-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale, type TransitionCause } from '../../kernel/index.ts';
import { type Invoice, invoices } from './schema.ts';

/** Changes an invoice's status, or its fields in the same status; the only code that writes the status. */
export async function transitionInvoice(
  tx: Tx,
  invoice: Pick<Invoice, 'id' | 'status'>,
  to: InvoiceStatus,
  set: Partial<Omit<Invoice, 'id' | 'status'>> = {},
  by?: TransitionCause,
): Promise<Invoice> {
  assertTransition(INVOICE, invoice, to, by);
  const rows = await tx
    .update(invoices)
    .set({ ...set, status: to })
    .where(and(eq(invoices.id, invoice.id), eq(invoices.status, invoice.status)))
    .returning();
  return transitionedOrStale(rows, INVOICE, invoice, to);
}
