import type { PaymentReport } from '../../domain/marketplace/messages.ts';
import { recordPaymentAnswer } from '../../db/marketplace/orders/record-payment-answer.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whileHeartbeating, retryLater } from '../kernel/index.ts';
import { factOf } from './orders.ts';
import { orderOf } from './reports.ts';
import { unread } from './unread.ts';

const EXPIRED = {
  verdict: 'failed',
  receivedMinor: null,
  currency: null,
  message: 'expired',
  connectorTransactionId: null,
} as const satisfies PaymentReport;

export function createPaymentActivities({ db, psp, settings }: MarketplaceDeps) {
  return {
    /**
     * Cancels a payment whose time is over, and says how it stands: it may have been captured meanwhile, or be
     * underway. After a refusal or no answer the payment is read. An expired payment is never known to be dead: the
     * router also cancels one that waits for the buyer's bank (3-D Secure), without telling the connector, which may
     * still capture it.
     */
    async cancelPayment(orderId: string): Promise<PaymentReport | 'underway'> {
      const { paymentId } = await orderOf(db, orderId);
      if (paymentId === null) return { ...EXPIRED, dead: true };
      return whileHeartbeating(async () => {
        const outcome = await psp.cancelPayment(paymentId);
        if (outcome.kind === 'unauthorized') throw await unread({ db, settings }, outcome, 'payment');
        const found = outcome.kind === 'payment' ? outcome : await psp.readPayment(paymentId);
        // The sweep finds a payment that is made after all, or that a lagging read side does not show.
        if (found.kind === 'not_found') return EXPIRED;
        if (found.kind !== 'payment') throw await unread({ db, settings }, found, 'payment');
        await recordPaymentAnswer(db, orderId, found.payment);
        const fact = factOf(found.payment);
        if (fact === 'underway') return fact;
        if (fact === 'unpaid') {
          // The payment may still be confirmed: it is cancelled once more, unless the PSP refuses that.
          if (outcome.kind === 'refused') return EXPIRED;
          throw retryLater('psp_unknown_outcome', 'the payment is not cancelled yet', settings.psp);
        }
        return fact.verdict === 'failed' ? EXPIRED : fact;
      });
    },
  };
}
