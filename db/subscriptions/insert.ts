import type { FIRST_SUBSCRIPTION_STATUSES } from '../../domain/subscriptions/subscription-machine.ts';
import type { Tx } from '../client.ts';
import { type Subscription, subscriptions } from './schema.ts';

interface NewSubscription {
  readonly id: string;
  readonly userId: string;
  readonly priceId: string;
  /** Free begins as `active`, what is paid as `pending_payment`, and nothing else may. */
  readonly status: (typeof FIRST_SUBSCRIPTION_STATUSES)[number];
  readonly trialEnd?: Date;
  /** Null where no workflow looks after it. */
  readonly nextDueAt: Date | null;
  /** Billing time. */
  readonly createdAt: Date;
}

export async function insertSubscription(tx: Tx, row: NewSubscription): Promise<Subscription> {
  const { id, userId, priceId, status, trialEnd, nextDueAt, createdAt } = row;
  const [written] = await tx
    .insert(subscriptions)
    .values({ id, userId, priceId, status, trialEnd, nextDueAt, createdAt })
    .returning();
  if (written === undefined) throw new Error(`subscription ${id} was not inserted`);
  return written;
}
