import { VezaError } from '../../../domain/errors.ts';
import type { BillingTime } from '../../../domain/subscriptions/billing-time.ts';
import { subscriptionWorkflowId } from '../../../domain/subscriptions/ids.ts';
import { ENDED_SUBSCRIPTIONS } from '../../../domain/subscriptions/subscription-machine.ts';
import type { Tx } from '../../client.ts';
import { type Act, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { readBillingClock } from '../billing-clock.ts';
import { endSubscription } from '../end.ts';
import { lockSubscription } from '../lock.ts';
import { isFree, readPrice } from '../prices.ts';
import type { Subscription } from '../schema.ts';
import { tellExpired } from '../tell-expired.ts';

/**
 * An operator ends a subscription: it expires at once, its open invoice is void, and what was paid stays ours until somebody
 * refunds it. Throws `subscription_not_found` and `not_cancellable`.
 */
export async function endNow(
  tx: Tx,
  { subscriptionId, ...act }: Act & { readonly subscriptionId: string },
  time: BillingTime,
): Promise<Subscription> {
  const subscription = await lockNamed(tx, 'subscription', subscriptionId, lockSubscription);
  const { status } = subscription;
  if (ENDED_SUBSCRIPTIONS.some((ended) => ended === status))
    throw new VezaError('not_cancellable', `It is ${status} already.`, { status_now: status });
  if (isFree(await readPrice(tx, subscription.priceId)))
    throw new VezaError('not_cancellable', 'It is Free: nobody pays for it, and it charges nobody.');
  const ended = await endByOperator(tx, subscription, time);
  await writeAuditLog(tx, act, {
    action: 'subscription.end_now',
    subject: subscriptionWorkflowId(subscriptionId),
    before: { status },
    after: { status: ended.status, endReason: ended.endReason },
  });
  return ended;
}

/** Ends a locked subscription on an operator's word, and tells its person. */
export async function endByOperator(
  tx: Tx,
  subscription: Subscription,
  time: BillingTime,
): Promise<Subscription> {
  const now = await readBillingClock(tx, time);
  const ended = await endSubscription(tx, subscription, { to: 'expired', reason: 'ended_by_operator', now });
  await tellExpired(tx, subscription, 'ended_by_operator');
  return ended;
}
