import type { Tx } from '../client.ts';
import { type Deed, type DeedTerms, refuse } from './deed.ts';
import { isFree, readPrice } from './prices.ts';
import { cardSetups, type Subscription } from './schema.ts';
import { transitionSubscription } from './transition.ts';

/** Begins a set-up payment, by which the buyer puts a card on file for a locked subscription. It moves no money. */
export async function beginCardSetup(
  tx: Tx,
  subscription: Subscription,
  { askId, now }: DeedTerms,
): Promise<Deed> {
  const { id, status } = subscription;
  if (status === 'canceled' || status === 'expired' || isFree(await readPrice(tx, subscription.priceId)))
    return refuse('subscription_not_found', 'You have no subscription that is paid by card.');
  if (status === 'pending_payment')
    return refuse('payment_pending', 'The card that makes the first payment is the one on file.');
  await tx.insert(cardSetups).values({ id: askId, subscriptionId: id });
  await transitionSubscription(tx, subscription, status, { nextDueAt: now });
  return { done: { setupId: askId } };
}
