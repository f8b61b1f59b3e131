import type { Refused } from '../../domain/kernel/index.ts';
import type { WishedChange } from '../../domain/subscriptions/asked.ts';
import type { QuoteLine } from '../../domain/subscriptions/proration.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Db } from '../client.ts';
import { readBillingClock } from './billing-clock.ts';
import { readChange } from './changes/read.ts';
import { refuse } from './deed.ts';
import { isPhantomRow } from './gate-rows.ts';
import { readLiveSubscription } from './live.ts';

/** What a change would cost and when it would come. Times are billing time. */
export interface ChangePreview {
  /** `cancel`: a wish for Free. `take_back`: the present price ends what was scheduled. */
  readonly when: 'at_once' | 'at_period_end' | 'cancel' | 'take_back';
  /** Empty where nothing is charged at once. */
  readonly lines: readonly QuoteLine[];
  readonly amountMinor: number;
  readonly currency: string;
  /** The invoice after; null where there is none. */
  readonly nextAmountMinor: number | null;
  readonly nextAt: Date | null;
  /** Given back with the change, it costs just this until it expires. */
  readonly prorationAt: Date;
  readonly expiresAt: Date;
}

/** Reckons a change of a person's subscription and writes nothing. */
export async function previewChange(
  db: Db,
  { userId, ...wish }: { readonly userId: string } & Omit<WishedChange, 'prorationAt'>,
  terms: BillingTerms,
): Promise<Refused | ChangePreview> {
  return db.transaction(async (tx) => {
    const subscription = await readLiveSubscription(tx, userId);
    if (subscription === undefined) return refuse('subscription_not_found', 'You have no subscription.');
    const now = await readBillingClock(tx, terms.time);
    if (await isPhantomRow(tx, subscription, now, terms))
      return refuse(
        'subscription_no_payment',
        'Your subscription is not linked to a payment: subscribe again.',
      );
    const change = await readChange(tx, subscription, wish, { now, terms });
    if ('refused' in change) return change;
    const of = {
      when: change.when,
      currency: change.wished.price.currency,
      prorationAt: now,
      expiresAt: new Date(now.getTime() + terms.quoteTtlMs),
    };
    if (change.when === 'at_once') {
      const { lines, amountMinor, periodEndMs } = change.quote;
      const next = { nextAmountMinor: change.wished.price.amountMinor, nextAt: new Date(periodEndMs) };
      return { ...of, lines, amountMinor, ...next };
    }
    const nextAmountMinor = change.when === 'cancel' ? null : change.wished.price.amountMinor;
    const nextAt = subscription.currentPeriodEnd ?? subscription.trialEnd;
    return { ...of, lines: [], amountMinor: 0, nextAmountMinor, nextAt };
  });
}
