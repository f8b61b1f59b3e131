import { writeMail } from '../../accounts/index.ts';
import type { SubscriptionMail } from '../../../domain/subscriptions/mails.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import type { Tx } from '../../client.ts';
import type { Dispute, TransferWork } from '../../marketplace/index.ts';
import { lockLastAttempt } from '../attempts/open.ts';
import { readBillingClock } from '../billing-clock.ts';
import { endSubscription } from '../end.ts';
import { type LockedInvoice, lockSubscription } from '../lock.ts';
import { transitionSubscription } from '../transition.ts';
import { isStillDisputed } from './still-disputed.ts';
import { lockOpenInvoice, voidOpenInvoice } from './void.ts';

/**
 * Who disputes a payment is not charged again: while the dispute stands the subscription runs to the end of what is
 * paid, and one that is past due ends. A dispute that is won is taken back. A lost one has taken its money by a refund,
 * which ended the subscription if the present period was paid by it, also in part; one of a period that is over leaves what
 * was paid since. Repeatable.
 */
export async function settleDisputeOf(
  tx: Tx,
  { subscription: { id: subscriptionId } }: LockedInvoice,
  dispute: Dispute,
  terms: InvoiceTerms,
): Promise<TransferWork[]> {
  // Read anew: the loss may have ended it a moment ago.
  const subscription = await lockSubscription(tx, subscriptionId);
  const now = await readBillingClock(tx, terms.time);
  const mail = (kind: SubscriptionMail) =>
    writeMail(tx, {
      userId: subscription.userId,
      kind,
      subject: `subscription/${subscriptionId}/dispute/${dispute.id}`,
      params: { ends_at: subscription.currentPeriodEnd?.toISOString() ?? null, cause: 'dispute' },
    });
  const stands = dispute.status === 'open' || dispute.status === 'lost';
  if (stands && subscription.status === 'active') {
    await dropUnasked(tx, subscriptionId);
    const cancelling = { cancelCause: 'dispute', cancelRequestedAt: now, nextDueAt: now } as const;
    await transitionSubscription(tx, subscription, 'canceling', cancelling);
    await mail('subscription_canceled');
  } else if (stands && subscription.status === 'past_due') {
    await endSubscription(tx, subscription, { to: 'canceled', reason: 'disputed', now });
    await mail('subscription_canceled');
  } else if (!stands && subscription.status === 'canceling' && subscription.cancelCause === 'dispute') {
    if (await isStillDisputed(tx, subscriptionId, dispute.id)) return [];
    const again = { cancelCause: null, cancelRequestedAt: null, nextDueAt: now };
    await transitionSubscription(tx, subscription, 'active', again);
    await mail('subscription_taken_back');
  }
  return [];
}

/**
 * A charge that the PSP was not asked for is not made; of one that was asked for its word is awaited. A change is given up, as
 * by a cancellation.
 */
async function dropUnasked(tx: Tx, subscriptionId: string): Promise<void> {
  const open = await lockOpenInvoice(tx, subscriptionId);
  if (open === undefined) return;
  const last = await lockLastAttempt(tx, open.id);
  if (open.reason !== 'change' && last?.status === 'pending' && last.askedAt !== null) return;
  await voidOpenInvoice(tx, subscriptionId);
}
