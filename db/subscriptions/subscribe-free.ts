import { v7 as uuidv7 } from 'uuid';
import { type Refusal, VezaError } from '../../domain/errors.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Tx } from '../client.ts';
import { readBillingClock } from './billing-clock.ts';
import { endSubscription } from './end.ts';
import { insertSubscription } from './insert.ts';
import { lockLiveSubscription, lockPerson } from './live.ts';
import { isFree, readPlan, readPrice, readPriceAt } from './prices.ts';
import { replace, whyNotReplaced } from './replace.ts';
import type { Subscription } from './schema.ts';

export interface FreeOutcome {
  readonly subscription: Subscription;
  /** Its workflow is woken, to end what it has at the PSP. */
  readonly replacedId: string | null;
}

/**
 * Begins Free, which nobody pays for and no workflow looks after. Throws `plan_not_found`, `plan_not_offered` and
 * `subscription_exists`.
 */
export async function subscribeToFree(
  tx: Tx,
  { userId, planId }: { readonly userId: string; readonly planId: string },
  terms: BillingTerms,
): Promise<FreeOutcome> {
  const person = await lockPerson(tx, userId);
  const live = await lockLiveSubscription(tx, userId);
  const now = await readBillingClock(tx, terms.time);
  const plan = await readPlan(tx, planId);
  if (plan === undefined) throw new VezaError('plan_not_found', `There is no plan ${planId}.`);
  const wished = await readPriceAt(tx, planId, 'monthly', now);
  if (wished === undefined || !plan.offered || !isFree(wished))
    throw new VezaError('plan_not_offered', `${plan.name} is not offered.`);
  const refused = (await isSame(tx, live, planId)) ?? (await whyNotReplaced(tx, live, now, terms));
  if (refused !== null) throw new VezaError(refused.code, refused.detail, refused.extra);
  const id = uuidv7();
  const replacedId = await replace(tx, live, { askId: id, now });
  const subscription = await insertSubscription(tx, {
    id,
    userId: person.id,
    priceId: wished.price.id,
    status: 'active',
    nextDueAt: null,
    createdAt: now,
  });
  return { subscription, replacedId };
}

async function isSame(tx: Tx, live: Subscription | undefined, planId: string): Promise<Refusal | null> {
  if (live === undefined || (await readPrice(tx, live.priceId)).plan.id !== planId) return null;
  return {
    code: 'subscription_exists',
    detail: 'You have this plan.',
    extra: { subscription_id: live.id, instead: null },
  };
}

/** Leaves Free. Throws `subscription_not_found` and `not_cancellable`. */
export async function cancelFree(
  tx: Tx,
  { userId }: { readonly userId: string },
  terms: BillingTerms,
): Promise<Subscription> {
  await lockPerson(tx, userId);
  const live = await lockLiveSubscription(tx, userId);
  if (live === undefined) throw new VezaError('subscription_not_found', 'You have no subscription.');
  if (!isFree(await readPrice(tx, live.priceId)))
    throw new VezaError('not_cancellable', 'It is paid: its workflow cancels it.');
  const now = await readBillingClock(tx, terms.time);
  return endSubscription(tx, live, { to: 'canceled', reason: 'asked', now });
}
