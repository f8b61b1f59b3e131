import { subscriptionWorkflowId } from '../../domain/subscriptions/ids.ts';
import type { EndReason } from '../../domain/subscriptions/subscription-machine.ts';
import { writeMail } from '../accounts/index.ts';
import type { Tx } from '../client.ts';
import { readPrice } from './prices.ts';
import type { Subscription } from './schema.ts';

/** Tells the person of a subscription that it has expired. */
export async function tellExpired(
  tx: Tx,
  { id, userId, priceId }: Pick<Subscription, 'id' | 'userId' | 'priceId'>,
  reason: EndReason,
): Promise<void> {
  const { plan } = await readPrice(tx, priceId);
  await writeMail(tx, {
    userId,
    kind: 'subscription_expired',
    subject: subscriptionWorkflowId(id),
    params: { plan: plan.name, reason },
  });
}
