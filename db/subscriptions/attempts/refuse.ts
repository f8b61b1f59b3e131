import { eq } from 'drizzle-orm';
import type { SubscriptionMail } from '../../../domain/subscriptions/mails.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { subscriptionChanges } from '../changes/schema.ts';
import { voidOpenInvoice } from '../invoices/void.ts';
import type { LockedAttempt } from '../lock.ts';
import { transitionSubscription } from '../transition.ts';

/** The bank wants the buyer, who was not there. */
const WANTS_THE_BUYER = 'requires_customer_action';

/**
 * What an attempt that is over without its money means for its subscription. Returns whether a period was refused.
 * `now` is billing time. All must be locked.
 */
export async function refuse(
  tx: Tx,
  { subscription, invoice, attempt }: LockedAttempt,
  decline: { readonly code: string | null } | null,
  now: Date,
): Promise<boolean> {
  if (invoice.status !== 'open') return false;
  const wantsBuyer = decline?.code === WANTS_THE_BUYER;
  const isEndedByUs = attempt.endRequestedAt !== null && decline === null;
  const mail = (kind: SubscriptionMail, subject: string) =>
    writeMail(tx, {
      userId: subscription.userId,
      kind,
      subject,
      params: {
        invoice_id: invoice.id,
        amount: invoice.amountMinor,
        currency: invoice.currency,
        decline_code: decline?.code ?? null,
      },
    });
  const ofAttempt = `invoice/${invoice.id}/${attempt.attempt}`;
  switch (invoice.reason) {
    case 'first':
      // The buyer saw it, and may try again until the time is over.
      return false;
    case 'change':
      if (wantsBuyer) await mail('bank_wants_you', ofAttempt);
      // The buyer pays it, or lets its time pass.
      if (wantsBuyer || attempt.onSession) return false;
      await mail('change_failed', `change/${await changeOf(tx, invoice.id)}`);
      await voidOpenInvoice(tx, subscription.id);
      return false;
    case 'renewal':
    case 'trial_end':
      // Somebody who cancelled while it was in flight is not asked for it again. Nor was it refused where we ended it.
      if (subscription.status !== 'past_due' && (subscription.cancelRequestedAt !== null || isEndedByUs)) {
        await voidOpenInvoice(tx, subscription.id);
        return false;
      }
      if (wantsBuyer) await mail('bank_wants_you', ofAttempt);
      if (subscription.status === 'past_due') return false;
      await transitionSubscription(tx, subscription, 'past_due', { dunningSince: now, dunningIndex: 0 });
      if (!wantsBuyer) await mail('payment_failed', ofAttempt);
      return true;
  }
}

async function changeOf(tx: Tx, invoiceId: string): Promise<string> {
  const [change] = await tx
    .select({ id: subscriptionChanges.id })
    .from(subscriptionChanges)
    .where(eq(subscriptionChanges.invoiceId, invoiceId));
  return change?.id ?? invoiceId;
}
