import { and, eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { dropAttempt } from '../attempts/drop.ts';
import { lockLastAttempt } from '../attempts/open.ts';
import { subscriptionChanges } from '../changes/schema.ts';
import { transitionChange } from '../changes/transition.ts';
import { type Invoice, type InvoicePayment, invoices } from './schema.ts';
import { transitionInvoice } from './transition.ts';

/** The open invoice of a subscription that is locked, locked; undefined where there is none. */
export async function lockOpenInvoice(tx: Tx, subscriptionId: string): Promise<Invoice | undefined> {
  const [open] = await tx
    .select()
    .from(invoices)
    .where(and(eq(invoices.subscriptionId, subscriptionId), eq(invoices.status, 'open')))
    .for('no key update');
  return open;
}

/**
 * Voids the open invoice of a subscription that is locked, if there is one: its attempt is dropped, and a change that waited
 * for it has failed. Returns the attempt that is still under way at the PSP, or null.
 */
export async function voidOpenInvoice(tx: Tx, subscriptionId: string): Promise<InvoicePayment | null> {
  const open = await lockOpenInvoice(tx, subscriptionId);
  if (open === undefined) return null;
  await transitionInvoice(tx, open, 'void');
  const [waiting] = await tx
    .select()
    .from(subscriptionChanges)
    .where(and(eq(subscriptionChanges.invoiceId, open.id), eq(subscriptionChanges.status, 'pending')));
  if (waiting !== undefined) await transitionChange(tx, waiting, 'failed');
  const last = await lockLastAttempt(tx, open.id);
  if (last?.status !== 'pending') return null;
  const dropped = await dropAttempt(tx, last);
  return dropped.status === 'pending' ? dropped : null;
}
