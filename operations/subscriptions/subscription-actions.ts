import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import {
  endNow,
  lockSubscription,
  movePrice,
  readSubscriptionLabel,
  retrySubscription,
  type Subscription,
  type SubscriptionWork,
  todaysPriceOf,
} from '../../db/subscriptions/index.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import { SUBSCRIPTION_ACTIONS, subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import { reasonOf } from '../acting.ts';
import type { OperationsDeps } from '../deps.ts';
import type { Acted, RowAction, Snapshot } from '../row-kind.ts';
import { moneyOf } from '../telling.ts';

type SubscriptionAction = RowAction<Subscription, SubscriptionWork>;

/** What the engine is told of a subscription. */
export async function workOf(tx: Tx, subscriptionId: string): Promise<SubscriptionWork> {
  const work = await readSubscriptionLabel(tx, subscriptionId);
  if (work === undefined) throw new Error(`there is no subscription ${subscriptionId}`);
  return work;
}

/** Its workflow finds its rows changed. */
export async function wake({ engine }: OperationsDeps, work: SubscriptionWork): Promise<null> {
  await engine.wakeSubscription(work);
  return null;
}

/** Its workflow looks at what is due, and at the PSP, now. */
export async function lookNow({ engine }: OperationsDeps, work: SubscriptionWork): Promise<null> {
  await engine.retrySubscription(work);
  return null;
}

const acted = async (tx: Tx, done: Subscription): Promise<Acted<Subscription, SubscriptionWork>> => ({
  done,
  now: { subject: subscriptionWorkflowId(done.id), status: done.status },
  work: await workOf(tx, done.id),
});

/** With the price that it has. */
async function snapshot(tx: Tx, subscriptionId: string): Promise<Snapshot> {
  const { status } = await lockNamed(tx, 'subscription', subscriptionId, lockSubscription);
  return { status, money: moneyOf(await workOf(tx, subscriptionId)) };
}

const retry: SubscriptionAction = {
  action: 'retry',
  kind: 'subscription',
  refusals: ['subscription_not_found', 'nothing_to_change'],
  snapshot,
  act: async (tx, subscriptionId, act) => acted(tx, await retrySubscription(tx, { subscriptionId, ...act })),
  notify: lookNow,
  describeEffect: (standing) => effectOf(SUBSCRIPTION_ACTIONS.retry, standing),
};

const end: SubscriptionAction = {
  action: 'end_now',
  kind: 'subscription',
  refusals: ['subscription_not_found', 'not_cancellable'],
  snapshot,
  act: async (tx, subscriptionId, act, { billingTime }) =>
    acted(tx, await endNow(tx, { subscriptionId, ...act, reason: reasonOf(act) }, billingTime)),
  notify: wake,
  describeEffect: (standing) => effectOf(SUBSCRIPTION_ACTIONS.end_now, standing),
};

const move: SubscriptionAction = {
  action: 'move_price',
  kind: 'subscription',
  refusals: ['subscription_not_found', 'nothing_to_change'],
  /** With today's price. */
  async snapshot(tx, subscriptionId, { billingTime }) {
    const subscription = await lockNamed(tx, 'subscription', subscriptionId, lockSubscription);
    const today = await todaysPriceOf(tx, subscription, billingTime);
    return { status: subscription.status, money: today === undefined ? null : moneyOf(today.price) };
  },
  act: async (tx, subscriptionId, act, { billingTime }) =>
    acted(tx, await movePrice(tx, { subscriptionId, ...act, reason: reasonOf(act) }, billingTime)),
  // The renewal reads the price when it comes.
  notify: async () => null,
  describeEffect: (standing) => effectOf(SUBSCRIPTION_ACTIONS.move_price, standing),
};

export const SUBSCRIPTION_ROW_ACTIONS: readonly RowAction[] = [retry, end, move] as readonly RowAction[];
