import type { AskedOfSubscription } from '../../domain/subscriptions/asked.ts';
import type { AskResult } from '../../domain/subscriptions/asks.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db, Tx } from '../client.ts';
import { readBillingClock } from './billing-clock.ts';
import { cancelSubscription } from './cancel.ts';
import { changeSubscription } from './change.ts';
import type { Deed, DeedTerms } from './deed.ts';
import { answerAsk, lockAsk, refuseAsk, resultOf } from './kept-ask.ts';
import { lockSubscription } from './lock.ts';
import { beginCardSetup } from './payment-method.ts';
import { payInvoice } from './pay.ts';
import { reactivateSubscription } from './reactivate.ts';
import type { Subscription } from './schema.ts';

/** Does what a person asked of their subscription, and keeps the answer with the ask. May run twice. */
export async function carryOutAsk(
  db: Db,
  { subscriptionId, askId }: { readonly subscriptionId: string; readonly askId: string },
  terms: BillingTerms,
): Promise<AskResult> {
  return db.transaction(async (tx) => {
    const ask = await lockAsk(tx, 'subscription_ask', askId);
    if (ask === undefined)
      return { refused: { code: 'subscription_not_found', detail: `Nobody asked ${askId}.` } };
    const before = resultOf(ask);
    if (before !== null) return before;
    const subscription = await lockSubscription(tx, subscriptionId);
    // Whoever reaches the engine can name any ask and any subscription together.
    if (subscription.userId !== ask.userId)
      return { refused: { code: 'subscription_not_found', detail: 'It is not a subscription of yours.' } };
    const now = await readBillingClock(tx, terms.time);
    const deed = await carryOut(tx, subscription, ask, { askId, now, terms });
    return 'refused' in deed
      ? refuseAsk(tx, askId, ask, deed.refused)
      : answerAsk(tx, askId, ask, { subscriptionId, ...deed.done });
  });
}

function carryOut(
  tx: Tx,
  subscription: Subscription,
  ask: AskedOfSubscription,
  deed: DeedTerms,
): Promise<Deed> {
  switch (ask.do) {
    case 'cancel':
      return cancelSubscription(tx, subscription, deed);
    case 'reactivate':
      return reactivateSubscription(tx, subscription, deed);
    case 'change':
      return changeSubscription(tx, subscription, ask, deed);
    case 'pay':
      return payInvoice(tx, subscription, deed);
    case 'payment_method':
      return beginCardSetup(tx, subscription, deed);
  }
}
