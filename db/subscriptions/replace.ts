import type { Refusal } from '../../domain/errors.ts';
import type { SubscriptionStatus } from '../../domain/subscriptions/subscription-machine.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db, Tx } from '../client.ts';
import { endSubscription } from './end.ts';
import { endPhantom } from './end-phantom.ts';
import { isPhantomRow } from './gate-rows.ts';
import { isFree, readPrice } from './prices.ts';
import type { Subscription } from './schema.ts';
import { flagUnnamedMoney } from './unnamed-money.ts';

/** Where somebody who has a subscription goes instead of subscribing. */
const INSTEAD: Partial<Record<SubscriptionStatus, string>> = {
  trialing: '/api/v1/subscriptions/change',
  active: '/api/v1/subscriptions/change',
  canceling: '/api/v1/subscriptions/reactivate',
  past_due: '/api/v1/subscriptions/pay',
};

/** A trial that was cancelled keeps its status until its end. */
const insteadOf = ({ status, cancelRequestedAt }: Subscription): string | null =>
  INSTEAD[status === 'trialing' && cancelRequestedAt !== null ? 'canceling' : status] ?? null;

/** Why a new subscription cannot take the place of the live one, which is locked to decide it; null where it can, or there is none. */
export async function whyNotReplaced(
  db: Db | Tx,
  live: Subscription | undefined,
  now: Date,
  terms: BillingTerms,
): Promise<Refusal | null> {
  if (live === undefined || live.status === 'pending_payment') return null;
  if (isFree(await readPrice(db, live.priceId)) || (await isPhantomRow(db, live, now, terms))) return null;
  return {
    code: 'subscription_exists',
    detail: `You have a subscription, which is ${live.status}.`,
    extra: { subscription_id: live.id, instead: insteadOf(live) },
  };
}

/**
 * Ends the live subscription that a new one replaces: Free, one that was never paid, or a phantom. Returns its id where its
 * workflow has something to end at the PSP. `whyNotReplaced` must have said null.
 */
export async function replace(
  tx: Tx,
  live: Subscription | undefined,
  { askId, now }: { readonly askId: string; readonly now: Date },
): Promise<string | null> {
  if (live === undefined) return null;
  const free = isFree(await readPrice(tx, live.priceId));
  if (!free && live.status !== 'pending_payment') {
    // They pay again: what came before goes back by an operator.
    await flagUnnamedMoney(tx, live.id);
    const why = 'they subscribed again';
    await endPhantom(tx, live, { sweepId: `subscribe/${askId}`, why, now });
    return live.id;
  }
  await endSubscription(tx, live, { to: 'canceled', reason: 'replaced', now });
  return free ? null : live.id;
}
