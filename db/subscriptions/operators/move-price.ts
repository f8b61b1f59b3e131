import { VezaError } from '../../../domain/errors.ts';
import type { BillingTime } from '../../../domain/subscriptions/billing-time.ts';
import { subscriptionWorkflowId } from '../../../domain/subscriptions/ids.ts';
import type { SubscriptionStatus } from '../../../domain/subscriptions/subscription-machine.ts';
import { writeMail } from '../../accounts/index.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { lockSubscription } from '../lock.ts';
import { isFree, type PricedPlan, readPrice, readPriceAt } from '../prices.ts';
import type { Subscription } from '../schema.ts';
import { transitionSubscription } from '../transition.ts';

/** Who pays a higher price has known of it for so long, in billing time. */
const NOTICE_MS = 30 * 24 * 60 * 60 * 1000;

/** Those that renew. */
const RENEWING: readonly SubscriptionStatus[] = ['trialing', 'active', 'past_due'];

/**
 * An operator moves a subscription to today's price of its plan and cycle: its person is told now, and its first renewal
 * 30 days or more from now has that price. Throws `subscription_not_found` and `nothing_to_change`.
 */
export async function movePrice(
  tx: Tx,
  { subscriptionId, ...act }: Act & { readonly subscriptionId: string },
  time: BillingTime,
): Promise<Subscription> {
  const subscription = await lockNamed(tx, 'subscription', subscriptionId, lockSubscription);
  const now = await readBillingClock(tx, time);
  const present = await readPrice(tx, subscription.priceId);
  const wanted = await priceToMoveTo(tx, subscription, present, now);
  const movesPriceAfter = new Date(now.getTime() + NOTICE_MS);
  const moved = await transitionSubscription(tx, subscription, subscription.status, {
    movesToPriceId: wanted.price.id,
    movesPriceAfter,
  });
  await writeMail(tx, {
    userId: subscription.userId,
    kind: 'price_moves',
    subject: `${subscriptionWorkflowId(subscriptionId)}/${now.toISOString()}`,
    params: {
      plan: present.plan.name,
      amount_now: present.price.amountMinor,
      amount_then: wanted.price.amountMinor,
      currency: wanted.price.currency,
      not_before: movesPriceAfter.toISOString(),
    },
  });
  await writeAuditLog(tx, act, {
    action: 'subscription.move_price',
    subject: subscriptionWorkflowId(subscriptionId),
    before: { priceId: present.price.id, amountMinor: present.price.amountMinor },
    after: { priceId: wanted.price.id, amountMinor: wanted.price.amountMinor, notBefore: movesPriceAfter },
  });
  return moved;
}

async function priceToMoveTo(
  tx: Tx,
  subscription: Subscription,
  present: PricedPlan,
  now: Date,
): Promise<PricedPlan> {
  const { status, movesToPriceId, movesPriceAfter } = subscription;
  if (isFree(present)) throw new VezaError('nothing_to_change', 'It is Free.');
  if (!RENEWING.includes(status))
    throw new VezaError('nothing_to_change', `It is ${status}, and does not renew.`, { status_now: status });
  const today = await readPriceAt(tx, present.plan.id, present.price.billingCycle, now);
  if (today === undefined)
    throw new VezaError('nothing_to_change', 'Its plan has no price of this cycle today.');
  if (today.price.id === present.price.id) throw new VezaError('nothing_to_change', 'It has today’s price.');
  if (today.price.id === movesToPriceId)
    throw new VezaError(
      'nothing_to_change',
      `It moves to that price already, not before ${movesPriceAfter?.toISOString()}.`,
    );
  return today;
}

/** Today's price of a subscription's plan and cycle; undefined where it has none. */
export async function todaysPriceOf(tx: Tx, { priceId }: Subscription, time: BillingTime) {
  const { plan, price } = await readPrice(tx, priceId);
  return readPriceAt(tx, plan.id, price.billingCycle, await readBillingClock(tx, time));
}
