import { subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import { writeMail } from '../accounts/index.ts';
import type { Tx } from '../client.ts';
import { type Deed, type DeedTerms, refuse } from './deed.ts';
import { isStillDisputed } from './invoices/still-disputed.ts';
import { readPrice } from './prices.ts';
import type { Subscription } from './schema.ts';
import { transitionSubscription } from './transition.ts';

/** Takes a cancellation back before the period or the trial of a locked subscription is over, unless a dispute caused it or stands. */
export async function reactivateSubscription(
  tx: Tx,
  subscription: Subscription,
  { now }: DeedTerms,
): Promise<Deed> {
  const { id, userId, status, cancelCause } = subscription;
  const isCanceled =
    status === 'canceling' || (status === 'trialing' && subscription.cancelRequestedAt !== null);
  if (!isCanceled) return refuse('not_reactivatable', `It is ${status}, and there is nothing to take back.`);
  // Who had cancelled and then disputes is not charged either.
  if (cancelCause === 'dispute' || (await isStillDisputed(tx, id)))
    return refuse('not_reactivatable', 'It ends because its payment is disputed.');
  const ends = status === 'trialing' ? subscription.trialEnd : subscription.currentPeriodEnd;
  if (ends === null || now >= ends) return refuse('not_reactivatable', 'Its period is over.');
  const to = status === 'trialing' ? 'trialing' : 'active';
  await transitionSubscription(tx, subscription, to, {
    cancelRequestedAt: null,
    cancelCause: null,
    nextDueAt: now,
  });
  const { plan } = await readPrice(tx, subscription.priceId);
  await writeMail(tx, {
    userId,
    kind: 'subscription_taken_back',
    subject: `${subscriptionWorkflowId(id)}/${now.toISOString()}`,
    params: { plan: plan.name, renews_at: ends.toISOString(), cause: 'person' },
  });
  return { done: {} };
}
