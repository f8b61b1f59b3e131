import { VezaError } from '../../../domain/errors.ts';
import { invoiceSubject, subscriptionWorkflowId } from '../../../domain/subscriptions/ids.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { lockLastAttempt } from '../attempts/open.ts';
import type { Invoice } from '../invoices/schema.ts';
import { lockInvoice, lockSubscription } from '../lock.ts';
import type { Subscription } from '../schema.ts';

/**
 * An operator wants a subscription's workflow to look at once at what is due. Nothing is written but who wanted it. Throws
 * `subscription_not_found`, and `nothing_to_change` where nothing of it is ever due.
 */
export async function retrySubscription(
  tx: Tx,
  { subscriptionId, ...act }: Act & { readonly subscriptionId: string },
): Promise<Subscription> {
  const subscription = await lockNamed(tx, 'subscription', subscriptionId, lockSubscription);
  const { status, nextDueAt } = subscription;
  if (nextDueAt === null)
    throw new VezaError('nothing_to_change', `It is ${status}, and nothing of it is due.`, {
      status_now: status,
    });
  await writeAuditLog(tx, act, {
    action: 'subscription.retry',
    subject: subscriptionWorkflowId(subscriptionId),
    before: { status, nextDueAt },
    after: null,
  });
  return subscription;
}

/** The same for the payment of an invoice that is under way. Throws `invoice_not_found` and `invoice_not_payable`. */
export async function retryInvoice(
  tx: Tx,
  { invoiceId, ...act }: Act & { readonly invoiceId: string },
): Promise<{ readonly subscription: Subscription; readonly invoice: Invoice }> {
  const locked = await lockNamed(tx, 'invoice', invoiceId, lockInvoice);
  const last = await lockLastAttempt(tx, invoiceId);
  if (last?.status !== 'pending')
    throw new VezaError('invoice_not_payable', 'No payment of it is under way.', {
      status_now: locked.invoice.status,
    });
  await writeAuditLog(tx, act, {
    action: 'invoice.retry',
    subject: invoiceSubject(invoiceId),
    before: { status: locked.invoice.status, paymentId: last.id },
    after: null,
  });
  return locked;
}
