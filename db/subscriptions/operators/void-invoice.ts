import { VezaError } from '../../../domain/errors.ts';
import type { BillingTime } from '../../../domain/subscriptions/billing-time.ts';
import { invoiceSubject } from '../../../domain/subscriptions/ids.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { tellChangeFailed } from '../changes/tell-failed.ts';
import type { Invoice } from '../invoices/schema.ts';
import { voidOpenInvoice } from '../invoices/void.ts';
import { lockInvoice } from '../lock.ts';
import type { Subscription } from '../schema.ts';
import { transitionSubscription } from '../transition.ts';
import { endByOperator } from './end-now.ts';

/**
 * An operator says that an open invoice is not owed. A change that it was for has failed, and all else stays; a subscription
 * whose period it was for ends, since nobody has a period without its money. Throws `invoice_not_found` and
 * `invoice_not_payable`.
 */
export async function voidInvoice(
  tx: Tx,
  { invoiceId, ...act }: Act & { readonly invoiceId: string },
  time: BillingTime,
): Promise<{ readonly subscription: Subscription; readonly invoice: Invoice }> {
  const { subscription, invoice } = await lockNamed(tx, 'invoice', invoiceId, lockInvoice);
  if (invoice.status !== 'open')
    throw new VezaError(
      'invoice_not_payable',
      `The invoice is ${invoice.status}: only an open one can be void.`,
      {
        status_now: invoice.status,
      },
    );
  const after =
    invoice.reason === 'change'
      ? await voidChange(tx, subscription, invoice, time)
      : await endByOperator(tx, subscription, time);
  await writeAuditLog(tx, act, {
    action: 'invoice.void',
    subject: invoiceSubject(invoiceId),
    before: { status: invoice.status, subscription: subscription.status },
    after: { status: 'void', subscription: after.status },
  });
  return { subscription: after, invoice: { ...invoice, status: 'void' } };
}

async function voidChange(
  tx: Tx,
  subscription: Subscription,
  invoice: Invoice,
  time: BillingTime,
): Promise<Subscription> {
  await voidOpenInvoice(tx, subscription.id);
  await tellChangeFailed(tx, subscription, invoice);
  const nextDueAt = await readBillingClock(tx, time);
  return transitionSubscription(tx, subscription, subscription.status, { nextDueAt });
}
