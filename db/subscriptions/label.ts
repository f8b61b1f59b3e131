import { eq } from 'drizzle-orm';
import type { SubscriptionStatus } from '../../domain/subscriptions/subscription-machine.ts';
import type { Db, Tx } from '../client.ts';
import { planPrices, subscriptions } from './schema.ts';

/** Names a subscription to the engine and to operators. Minor units. */
export interface SubscriptionWork {
  readonly subscriptionId: string;
  readonly planId: string;
  readonly status: SubscriptionStatus;
  readonly amountMinor: number;
  readonly currency: string;
}

/** Undefined where there is no such subscription. */
export async function readSubscriptionLabel(
  db: Db | Tx,
  subscriptionId: string,
): Promise<SubscriptionWork | undefined> {
  const [row] = await db
    .select({
      subscriptionId: subscriptions.id,
      planId: planPrices.planId,
      status: subscriptions.status,
      amountMinor: planPrices.amountMinor,
      currency: planPrices.currency,
    })
    .from(subscriptions)
    .innerJoin(planPrices, eq(planPrices.id, subscriptions.priceId))
    .where(eq(subscriptions.id, subscriptionId));
  return row;
}
