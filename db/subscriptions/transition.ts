import { and, eq } from 'drizzle-orm';
import { SUBSCRIPTION, type SubscriptionStatus } from '../../domain/subscriptions/subscription-machine.ts';
import type { Tx } from '../client.ts';
import { assertTransition, transitionedOrStale } from '../kernel/index.ts';
import { type Subscription, subscriptions } from './schema.ts';

/** Changes a subscription's status, or its fields in the same status; the only code that writes the status. */
export async function transitionSubscription(
  tx: Tx,
  subscription: Pick<Subscription, 'id' | 'status'>,
  to: SubscriptionStatus,
  set: Partial<Omit<Subscription, 'id' | 'status'>> = {},
): Promise<Subscription> {
  assertTransition(SUBSCRIPTION, subscription, to);
  const rows = await tx
    .update(subscriptions)
    .set({ ...set, status: to })
    .where(and(eq(subscriptions.id, subscription.id), eq(subscriptions.status, subscription.status)))
    .returning();
  return transitionedOrStale(rows, SUBSCRIPTION, subscription, to);
}
