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
     * Cancels a payment whose time is over, and says what became of it: it may have been captured meanwhile, or be
     * underway. A refusal says nothing of that, and no answer even less: then the payment is read. What expired is never
     * known to be dead: the router cancels also what waits for the buyer's bank (3-D Secure), to which the buyer may have
     * come a moment before, without telling the connector, which may still capture it.
     */
    async cancelPayment(orderId: string): Promise<PaymentReport | 'underway'> {
      const { paymentId } = await orderOf(db, orderId);
      if (paymentId === null) return { ...EXPIRED, dead: true };
      return whileHeartbeating(async () => {
        const outcome = await psp.cancelPayment(paymentId);
        if (outcome.kind === 'unauthorized') throw await unread({ db, settings }, outcome, 'payment');
        const found = outcome.kind === 'payment' ? outcome : await psp.readPayment(paymentId);
        // One that lands after all, or that a lagging reader does not show, is found by the sweep.
        if (found.kind === 'not_found') return EXPIRED;
        if (found.kind !== 'payment') throw await unread({ db, settings }, found, 'payment');
        await recordPaymentAnswer(db, orderId, found.payment);
        const fact = factOf(found.payment);
        if (fact === 'underway') return fact;
        if (fact === 'unpaid') {
          // It may still be confirmed: cancelled once more, unless the PSP will not have it.
          if (outcome.kind === 'refused') return EXPIRED;
          throw retryLater('psp_unknown_outcome', 'the payment is not cancelled yet', settings.psp);
        }
        return fact.verdict === 'failed' ? EXPIRED : fact;
      });
    },
  };
}
