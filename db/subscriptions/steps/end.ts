import type { EndReason } from '../../../domain/subscriptions/subscription-machine.ts';
import { subscriptionWorkflowId } from '../../../domain/subscriptions/ids.ts';
import { writeMail } from '../../accounts/index.ts';
import { endSubscription } from '../end.ts';
import { CHANGED, type Moment } from './moment.ts';

/** Ends a subscription whose time is over, and tells its subscriber. */
export async function end(
  { tx, subscription, priced, now }: Moment,
  to: 'expired' | 'canceled',
  reason: EndReason,
  mail: 'subscription_expired' | 'trial_over' | null,
): Promise<typeof CHANGED> {
  await endSubscription(tx, subscription, { to, reason, now });
  if (mail !== null) {
    await writeMail(tx, {
      userId: subscription.userId,
      kind: mail,
      subject: subscriptionWorkflowId(subscription.id),
      params: { plan: priced.plan.name, reason },
    });
  }
  return CHANGED;
}
