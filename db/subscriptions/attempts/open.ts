import { desc, eq } from 'drizzle-orm';
import { v5 as uuidv5, validate as isRfcUuid } from 'uuid';
import type { Tx } from '../../client.ts';
import { type Invoice, type InvoicePayment, invoicePayments } from '../invoices/schema.ts';

/** The namespace of ids of attempts whose invoice's id is none. */
const OF_OLDER_INVOICES = 'c1f0a6d4-3b52-4e7b-8f0d-91d6e2a47c58';

/** The id of an attempt, at the PSP too: the first has the invoice's. */
export function attemptId(invoiceId: string, attempt: number): string {
  if (attempt === 1) return invoiceId;
  // PostgreSQL takes ids of an older system that RFC 9562 does not know, and that are no namespace.
  return isRfcUuid(invoiceId)
    ? uuidv5(String(attempt), invoiceId)
    : uuidv5(`${invoiceId}/${attempt}`, OF_OLDER_INVOICES);
}

/** The last attempt of an invoice that is locked, locked; undefined where there is none. */
export async function lockLastAttempt(tx: Tx, invoiceId: string): Promise<InvoicePayment | undefined> {
  const [last] = await tx
    .select()
    .from(invoicePayments)
    .where(eq(invoicePayments.invoiceId, invoiceId))
    .orderBy(desc(invoicePayments.attempt))
    .limit(1)
    .for('no key update');
  return last;
}

/** How an attempt is paid: by the buyer who is there, or by a card on file; null: it is refused without a call. */
export type Payer =
  | { readonly onSession: true }
  | { readonly onSession: false; readonly paymentMethodId: string | null };

/** Writes the next attempt to be paid for an open invoice that is locked. The one before it must be over. */
export async function openAttempt(tx: Tx, invoice: Invoice, payer: Payer): Promise<InvoicePayment> {
  const last = await lockLastAttempt(tx, invoice.id);
  const number = (last?.attempt ?? 0) + 1;
  const [attempt] = await tx
    .insert(invoicePayments)
    .values({
      id: attemptId(invoice.id, number),
      invoiceId: invoice.id,
      attempt: number,
      onSession: payer.onSession,
      paymentMethodId: payer.onSession ? null : payer.paymentMethodId,
      amountMinor: invoice.amountMinor,
      currency: invoice.currency,
    })
    .returning();
  if (attempt === undefined) throw new Error(`attempt ${number} of invoice ${invoice.id} was not inserted`);
  return attempt;
}
