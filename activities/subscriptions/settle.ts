import type { Hint } from '../../domain/kernel/index.ts';
import type { PaymentNews } from '../../domain/subscriptions/hints.ts';
import type { AttemptReport } from '../../domain/subscriptions/messages.ts';
import type { Done } from '../../domain/subscriptions/step.ts';
import { findPayment } from '../../db/subscriptions/find-payment.ts';
import { settleSetup } from '../../db/subscriptions/settle-setup.ts';
import { attemptReport } from '../../providers/webhooks/attempt-report.ts';
import type { PaymentEvent } from '../../providers/webhooks/hyperswitch-event.ts';
import { storedPspEvent } from '../marketplace/index.ts';
import type { SubscriptionDeps } from './deps.ts';
import { attemptSettlement } from './settled.ts';
import { setupReport } from './setup-report.ts';

/** `look`: no stored webhook says enough, so the PSP is asked how this payment stands. */
export type HeardNews = Done & { readonly look?: 'attempt' | 'setup' };

export function createSettleActivities(deps: SubscriptionDeps) {
  const { db, settings } = deps;
  const { next, settle } = attemptSettlement(deps);

  /** The stored webhook that a hint names; null where it is not about this payment. */
  async function eventFor({ paymentId, webhookId }: Hint<PaymentNews>): Promise<PaymentEvent | null> {
    const event = await storedPspEvent(db, webhookId ?? null);
    return event?.subject === 'payment' && event.paymentId === paymentId ? event : null;
  }

  /** What it says of an attempt; null where that is nothing, or not all. */
  function reportIn(event: PaymentEvent | null): AttemptReport | null {
    const report = event && attemptReport(event);
    // A capture of which the event does not say how much it was is read at the PSP.
    const isWhole =
      report?.verdict !== 'captured' || (report.receivedMinor !== null && report.currency !== null);
    return isWhole ? report : null;
  }

  return {
    /** Settles what a stored webhook says of a payment, and says what is next. */
    async hearOfPayment(subscriptionId: string, news: Hint<PaymentNews>): Promise<HeardNews> {
      const found = await findPayment(db, news.paymentId);
      if (found?.subscriptionId !== subscriptionId) return next(subscriptionId);
      const event = await eventFor(news);
      if (found.kind === 'setup') {
        const report = event && setupReport(event);
        // A failure may be older than a success, and its buyer may still use another card: only the PSP knows.
        const isToldOfFailure = report?.verdict === 'failed' && found.setup.endedAt === null;
        if (report === null || isToldOfFailure) return { ...(await next(subscriptionId)), look: 'setup' };
        await settleSetup(db, found.setup.id, report, settings.billing);
        return next(subscriptionId);
      }
      const report = reportIn(event);
      // A failure may be older than a success: only the PSP knows how the payment stands.
      const isToldOfFailure = report?.verdict === 'failed' && found.attempt.status === 'pending';
      if (report === null || isToldOfFailure) return { ...(await next(subscriptionId)), look: 'attempt' };
      return settle(found, report);
    },
  };
}
