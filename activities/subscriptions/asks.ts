import type { AskResult } from '../../domain/subscriptions/asks.ts';
import type { Step } from '../../domain/subscriptions/step.ts';
import { advance } from '../../db/subscriptions/advance.ts';
import { carryOutAsk } from '../../db/subscriptions/carry-out.ts';
import { readSubscriptionLabel } from '../../db/subscriptions/label.ts';
import { openSubscription } from '../../db/subscriptions/subscribe.ts';
import type { SubscriptionDeps } from './deps.ts';

interface AskRef {
  readonly subscriptionId: string;
  readonly askId: string;
}

export function createAskActivities({ db, engine, settings }: SubscriptionDeps) {
  return {
    /** Opens the subscription that somebody asked for, and wakes the one that it replaced. */
    async openSubscription(ask: AskRef): Promise<AskResult> {
      const result = await openSubscription(db, ask, settings.billing);
      const replacedId = 'done' in result ? result.done.replacedId : undefined;
      const replaced = replacedId && (await readSubscriptionLabel(db, replacedId));
      if (replaced) await engine.wakeSubscription(replaced);
      return result;
    },

    /** Does what somebody asked of the subscription that they have. */
    carryOutSubscriptionAsk: (ask: AskRef): Promise<AskResult> => carryOutAsk(db, ask, settings.billing),

    /** Does what is due by the database's clock, and says what is next. `now`: before its time. */
    advanceSubscription: (subscriptionId: string, now: boolean): Promise<Step> =>
      advance(db, subscriptionId, settings.billing, { now }),
  };
}
