import { eq } from 'drizzle-orm';
import type { Tx } from '../client.ts';
import { MissingRow } from '../kernel/index.ts';
import { type Invoice, type InvoicePayment, invoicePayments, invoices } from './invoices/schema.ts';
import { type Subscription, subscriptions } from './schema.ts';

// Locks are taken from the subscription down to its invoice, its attempt and their refunds, and the counter of
// invoices last: two verbs cannot wait for each other. Throws MissingRow, each.

export async function lockSubscription(tx: Tx, subscriptionId: string): Promise<Subscription> {
  const [subscription] = await tx
    .select()
    .from(subscriptions)
    .where(eq(subscriptions.id, subscriptionId))
    .for('no key update');
  if (subscription === undefined) throw new MissingRow('subscription', subscriptionId);
  return subscription;
}

export interface LockedInvoice {
  readonly subscription: Subscription;
  readonly invoice: Invoice;
}

/** Locks an invoice after its subscription, whose id is read first. */
export async function lockInvoice(tx: Tx, invoiceId: string): Promise<LockedInvoice> {
  const [found] = await tx
    .select({ subscriptionId: invoices.subscriptionId })
    .from(invoices)
    .where(eq(invoices.id, invoiceId));
  if (found === undefined) throw new MissingRow('invoice', invoiceId);
  const subscription = await lockSubscription(tx, found.subscriptionId);
  const [invoice] = await tx.select().from(invoices).where(eq(invoices.id, invoiceId)).for('no key update');
  if (invoice === undefined) throw new MissingRow('invoice', invoiceId);
  return { subscription, invoice };
}

export interface LockedAttempt extends LockedInvoice {
  readonly attempt: InvoicePayment;
}

/** Locks an attempt after its invoice and its subscription. */
export async function lockAttempt(tx: Tx, attemptId: string): Promise<LockedAttempt> {
  const [found] = await tx
    .select({ invoiceId: invoicePayments.invoiceId })
    .from(invoicePayments)
    .where(eq(invoicePayments.id, attemptId));
  if (found === undefined) throw new MissingRow('attempt', attemptId);
  const locked = await lockInvoice(tx, found.invoiceId);
  const [attempt] = await tx
    .select()
    .from(invoicePayments)
    .where(eq(invoicePayments.id, attemptId))
    .for('no key update');
  if (attempt === undefined) throw new MissingRow('attempt', attemptId);
  return { ...locked, attempt };
}
