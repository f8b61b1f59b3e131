import type { Evidence } from '../../domain/kernel/index.ts';
import type { PaymentReport } from '../../domain/marketplace/index.ts';
import type { Done } from '../../domain/subscriptions/step.ts';
import { recordExternalRefund, settleDispute } from '../../db/marketplace/index.ts';
import { findPayment } from '../../db/subscriptions/find-payment.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import {
  factOf,
  followUp,
  type LookedUpPayment,
  outsideEventFor,
  type ReadEvent,
  unread,
} from '../marketplace/index.ts';
import type { SubscriptionDeps } from './deps.ts';
import { attemptSettlement } from './settled.ts';

export interface BookedEvent extends Done {
  /** Nothing confirms the hint: nothing was booked. */
  readonly isUnconfirmed?: true;
  /** The payment has to be read first. */
  readonly wantsPayment?: true;
}

export function createInvoiceEventActivities(deps: SubscriptionDeps) {
  const { db, engine, psp, purchases, settings, log } = deps;
  const { next } = attemptSettlement(deps);
  return {
    /**
     * Money of an invoice that left the PSP without us asking, or a dispute about it: booked in one transaction. A report that
     * waits for money under way is booked again by the sweep.
     */
    async settleInvoiceEvent(
      subscriptionId: string,
      paymentId: string,
      evidence: Evidence<ReadEvent>,
      payment?: PaymentReport | null,
    ): Promise<BookedEvent> {
      const found = await findPayment(db, paymentId);
      if (found?.kind !== 'attempt' || found.subscriptionId !== subscriptionId) return next(subscriptionId);
      const event = await outsideEventFor(db, paymentId, evidence);
      if (event === null) return { ...(await next(subscriptionId)), isUnconfirmed: true };
      const of = { kind: 'invoice', id: found.attempt.invoiceId, paymentId } as const;
      const settled =
        event.kind === 'dispute'
          ? await settleDispute(db, of, event.news, purchases)
          : await recordExternalRefund(db, of, event, purchases, payment);
      if ('wantsPayment' in settled) return { ...(await next(subscriptionId)), wantsPayment: true };
      await followUp(engine, settled);
      const giveBack = 'giveBack' in settled ? settled.giveBack : undefined;
      if (giveBack) await engine.startRefund(giveBack.refundId, giveBack.label);
      log.info({ subscriptionId, paymentId, kind: event.kind }, 'settled what came from outside');
      return next(subscriptionId);
    },

    /** Asks the PSP what was captured by a payment of which something happened there. */
    readInvoicePayment: (paymentId: string): Promise<LookedUpPayment> =>
      whileHeartbeating(async () => {
        const found = await psp.readPayment(paymentId);
        if (found.kind === 'payment') return factOf(found.payment);
        if (found.kind === 'not_found') return 'unpaid';
        throw await unread({ db, settings }, found, 'payment');
      }),
  };
}
