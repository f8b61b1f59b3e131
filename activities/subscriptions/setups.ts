import { activityInfo } from '@temporalio/activity';
import type { PspAnswer } from '../../domain/subscriptions/asks.ts';
import { secretLifeSeconds } from '../../domain/subscriptions/secret-life.ts';
import type { Done } from '../../domain/subscriptions/step.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { askSetup, recordSetupAnswer, subscriptionOfSetup } from '../../db/subscriptions/setups.ts';
import { settleSetup } from '../../db/subscriptions/settle-setup.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';
import { setupReport } from './setup-report.ts';
import { retryLater, whileHeartbeating } from '../kernel/index.ts';
import { unread } from '../marketplace/index.ts';
import { type Asked, LOOKS_AT_A_TIME } from './attempts.ts';
import type { SubscriptionDeps } from './deps.ts';
import { attemptSettlement } from './settled.ts';
import { standingOf } from './standing.ts';

export function createSetupActivities(deps: SubscriptionDeps) {
  const { db, psp, settings } = deps;
  const { next } = attemptSettlement(deps);

  async function ask(setupId: string): Promise<Asked> {
    const wanted = await askSetup(db, setupId);
    const subscriptionId = await subscriptionOfSetup(db, setupId);
    const answered = async (kind: PspAnswer): Promise<Asked> => ({
      psp: kind,
      ...(await next(subscriptionId)),
    });
    if (wanted === null) return answered({ kind: 'answered' });
    const outcome = await psp.createSetupPayment({
      paymentId: setupId,
      customerId: wanted.userId,
      currency: wanted.currency,
      expiresInSeconds: secretLifeSeconds(settings.billing),
      idempotencyKey: setupId,
    });
    if (outcome.kind === 'unauthorized') {
      await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', outcome.message);
      throw retryLater('psp_refuses_our_key', outcome.message, settings.psp);
    }
    const found = outcome.kind === 'payment' ? outcome : await psp.readPayment(setupId);
    if (found.kind === 'payment') {
      await recordSetupAnswer(db, setupId, found.payment);
      return answered({ kind: 'answered' });
    }
    if (outcome.kind === 'refused' && outcome.tells !== 'exists' && found.kind === 'not_found') {
      await recordSetupAnswer(db, setupId, { status: 'refused', clientSecret: null });
      return answered({ kind: 'refused', detail: outcome.message });
    }
    const reason = outcome.kind === 'unknown' ? outcome.reason : 'the payment could not be read';
    // Money that waits is asked for first, once the PSP was asked for this.
    const other = await answered({ kind: 'unanswered' });
    if (other.step.kind !== 'set_up') return other;
    const retryAfterMs = outcome.kind === 'unknown' ? outcome.retryAfterMs : 0;
    throw retryLater('psp_unknown_outcome', reason, settings.psp, retryAfterMs);
  }

  return {
    /** Asks the PSP for a set-up payment, by which the buyer puts a card on file. It moves no money. */
    askForSetup: (setupId: string): Promise<Asked> => whileHeartbeating(() => ask(setupId)),

    /** Asks the PSP how a set-up payment stands, and keeps its card. */
    lookAtSetup: (setupId: string): Promise<Done> =>
      whileHeartbeating(async () => {
        const subscriptionId = await subscriptionOfSetup(db, setupId);
        const found = await psp.readPayment(setupId);
        // One that cannot be read in a row of looks is left to the sweep.
        const isUnread = found.kind !== 'payment' && found.kind !== 'not_found';
        if (isUnread && activityInfo().attempt < LOOKS_AT_A_TIME)
          throw await unread({ db, settings }, found, 'payment');
        const isAwaited = found.kind === 'payment' && standingOf(found.payment, true) === 'unpaid';
        const report =
          found.kind === 'payment' && !isAwaited ? setupReport(paymentEvent(found.payment)) : null;
        if (report !== null) await settleSetup(db, setupId, report, settings.billing);
        return next(subscriptionId);
      }),
  };
}
