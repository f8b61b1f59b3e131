import { writeMail } from '../../accounts/index.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import type { Tx } from '../../client.ts';
import type { Dispute, TransferWork } from '../../marketplace/index.ts';
import { lockLastAttempt } from '../attempts/open.ts';
import { readBillingClock } from '../billing-clock.ts';
import { tellChangeFailed } from '../changes/tell-failed.ts';
import { endSubscription } from '../end.ts';
import { type LockedInvoice, lockSubscription } from '../lock.ts';
import { readPrice } from '../prices.ts';
import type { Subscription } from '../schema.ts';
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
  const { plan } = await readPrice(tx, subscription.priceId);
  const { userId } = subscription;
  // A dispute that was won may be opened again: each time is another mail, since each time the status moves.
  const subject = `subscription/${subscriptionId}/dispute/${dispute.id}/${now.toISOString()}`;
  const tellCanceled = (endsAt: Date) =>
    writeMail(tx, {
      ...{ userId, kind: 'subscription_canceled', subject },
      params: { plan: plan.name, ends_at: endsAt.toISOString(), cause: 'dispute' },
    });
  const stands = dispute.status === 'open' || dispute.status === 'lost';
  if (stands && subscription.status === 'active') {
    await dropUnasked(tx, subscription);
    const cancelling = { cancelCause: 'dispute', cancelRequestedAt: now, nextDueAt: now } as const;
    await transitionSubscription(tx, subscription, 'canceling', cancelling);
    await tellCanceled(subscription.currentPeriodEnd ?? now);
  } else if (stands && subscription.status === 'past_due') {
    await endSubscription(tx, subscription, { to: 'canceled', reason: 'disputed', now });
    await tellCanceled(now);
  } else if (!stands && subscription.status === 'canceling' && subscription.cancelCause === 'dispute') {
    if (await isStillDisputed(tx, subscriptionId, dispute.id)) return [];
    const again = { cancelCause: null, cancelRequestedAt: null, nextDueAt: now };
    await transitionSubscription(tx, subscription, 'active', again);
    const renewsAt = subscription.currentPeriodEnd?.toISOString() ?? null;
    await writeMail(tx, {
      ...{ userId, kind: 'subscription_taken_back', subject },
      params: { plan: plan.name, renews_at: renewsAt, cause: 'dispute' },
    });
  }
  return [];
}

/**
 * A charge that the PSP was not asked for is not made; of one that was asked for its word is awaited. A change is given up, as
 * by a cancellation, and its subscriber is told: they may know nothing of it.
 */
async function dropUnasked(tx: Tx, subscription: Subscription): Promise<void> {
  const open = await lockOpenInvoice(tx, subscription.id);
  if (open === undefined) return;
  const last = await lockLastAttempt(tx, open.id);
  if (open.reason !== 'change' && last?.status === 'pending' && last.askedAt !== null) return;
  await voidOpenInvoice(tx, subscription.id);
  if (open.reason === 'change') await tellChangeFailed(tx, subscription, open);
}
