import { eq } from 'drizzle-orm';
import { isUuid } from '../../domain/kernel/index.ts';
import type { Db } from '../client.ts';
import { type InvoicePayment, invoicePayments, invoices } from './invoices/schema.ts';
import { type CardSetup, cardSetups } from './schema.ts';

/** A payment of ours at the PSP: an attempt to be paid, or a set-up payment. */
export type FoundPayment =
  | { readonly kind: 'attempt'; readonly attempt: InvoicePayment; readonly subscriptionId: string }
  | { readonly kind: 'setup'; readonly setup: CardSetup; readonly subscriptionId: string };

/** By the PSP's id of the payment, which is our row's; null where no row has it. */
export async function findPayment(db: Db, paymentId: string): Promise<FoundPayment | null> {
  if (!isUuid(paymentId)) return null;
  const [attempt] = await db
    .select({ attempt: invoicePayments, subscriptionId: invoices.subscriptionId })
    .from(invoicePayments)
    .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
    .where(eq(invoicePayments.id, paymentId));
  if (attempt !== undefined) return { kind: 'attempt', ...attempt };
  const [setup] = await db.select().from(cardSetups).where(eq(cardSetups.id, paymentId));
  return setup === undefined ? null : { kind: 'setup', setup, subscriptionId: setup.subscriptionId };
}
