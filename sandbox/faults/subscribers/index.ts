import { setTimeout as sleep } from 'node:timers/promises';
import type { SubscriptionShown } from '../buyers.ts';
import { breakCard, healCards, newCard } from './cards.ts';
import { dispute, refund, refundInDashboard } from './giving-back.ts';
import { payLate, payOpen } from './paying.ts';
import { asSubscriber, type Subscriber, type SubscriberTask } from './subscriber.ts';
import { cancel, change, reactivate, subscribe } from './wishes.ts';

/** Subscribes, pays or does not, changes, cancels and comes back, one thing after another, until it is told to stop. */
export async function subscribeOn(task: SubscriberTask, until: AbortSignal): Promise<void> {
  const { subscribed, run, terminate } = task;
  const of = asSubscriber(task);
  const { chance, left } = of;
  while (!until.aborted) {
    const { body } = await of.insist('GET', '/me/subscription');
    const live = body.subscription ?? body.pending?.subscription;
    await actOn(of, live);
    if (live && chance(run.terminate) && (await terminate(`subscription/${live.id}`)))
      subscribed.terminated += 1;
    if (left.length > 0 && chance(0.3)) payLate(of, left.shift()!);
    await sleep(run.restMs * 3, undefined, { signal: until }).catch(() => undefined);
  }
}

async function actOn(of: Subscriber, live: SubscriptionShown | null | undefined): Promise<void> {
  if (live === undefined || live === null) await subscribe(of);
  else if (live.status === 'pending_payment') await actUnpaid(of);
  else if (live.status === 'past_due') await actPastDue(of);
  else if (live.cancel_at_period_end) {
    if (of.chance(0.3)) await reactivate(of);
  } else await actInForce(of, live);
}

async function actUnpaid(of: Subscriber): Promise<void> {
  if (of.chance(0.2)) await cancel(of);
  else if (of.chance(0.3)) await subscribe(of);
  else await payOpen(of);
}

async function actPastDue(of: Subscriber): Promise<void> {
  const how = of.random();
  if (how < 0.25) await payOpen(of);
  else if (how < 0.45) await newCard(of);
  else if (how < 0.6) healCards(of);
  else if (how < 0.7) await cancel(of);
}

async function actInForce(of: Subscriber, { id, plan_id: planId }: SubscriptionShown): Promise<void> {
  const how = of.random();
  if (planId === 'free') return how < 0.3 ? cancel(of) : subscribe(of);
  if (how < 0.1) return change(of);
  if (how < 0.16) return cancel(of);
  if (how < 0.22) return newCard(of);
  if (how < 0.26) return breakCard(of);
  if (how < 0.3) return healCards(of);
  if (how < 0.34) return refund(of, id);
  if (how < 0.36) return refundInDashboard(of);
  if (how < 0.38) return dispute(of);
  return payOpen(of);
}
