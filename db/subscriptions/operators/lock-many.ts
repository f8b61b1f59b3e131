import { asc, inArray, or } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { invoices } from '../invoices/schema.ts';
import { subscriptions } from '../schema.ts';

/** Locks at once, in the one order of locks, the subscriptions that an action on many locks row by row, or whose invoices it does. */
export async function lockManySubscriptions(
  tx: Tx,
  {
    subscriptionIds,
    invoiceIds,
  }: { readonly subscriptionIds: readonly string[]; readonly invoiceIds: readonly string[] },
): Promise<void> {
  if (subscriptionIds.length === 0 && invoiceIds.length === 0) return;
  const ofInvoices = tx
    .select({ id: invoices.subscriptionId })
    .from(invoices)
    .where(inArray(invoices.id, [...invoiceIds]));
  await tx
    .select({ id: subscriptions.id })
    .from(subscriptions)
    .where(or(inArray(subscriptions.id, [...subscriptionIds]), inArray(subscriptions.id, ofInvoices)))
    .orderBy(asc(subscriptions.id))
    .for('no key update');
}
