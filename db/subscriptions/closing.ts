import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { ClosingPart } from '../kernel/index.ts';
import { readBillingClock } from './billing-clock.ts';
import { cancelSubscription } from './cancel.ts';
import { endSubscription } from './end.ts';
import { lockLiveSubscription } from './live.ts';
import { isFree, readPrice } from './prices.ts';

/** Whoever leaves cancels, as if they had asked for it; that is not taken back. Free ends at once. */
export const subscriptionsClosing = (terms: BillingTerms): ClosingPart => ({
  name: 'subscription',
  async hide(tx, _, userId) {
    const live = await lockLiveSubscription(tx, userId);
    if (live === undefined) return [];
    const now = await readBillingClock(tx, terms.time);
    if (isFree(await readPrice(tx, live.priceId)))
      await endSubscription(tx, live, { to: 'canceled', reason: 'asked', now });
    else if (live.cancelRequestedAt === null)
      await cancelSubscription(tx, live, { askId: live.id, now, terms });
    return [live.id];
  },
  async restore() {},
});
