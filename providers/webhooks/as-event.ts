import type { PspPayment, PspRefund } from '../hyperswitch/outcomes.ts';
import { cardOnFile, parseHyperswitchEvent } from './hyperswitch-event.ts';

/** A refund in the shape of the PSP's own webhooks, so that the same parser reads it. */
export function refundEvent(refund: PspRefund) {
  const event = parseHyperswitchEvent({
    event_type: `refund_${refund.status}`,
    content: {
      object: {
        refund_id: refund.refundId,
        payment_id: refund.paymentId,
        status: refund.status,
        amount: refund.amountMinor,
        currency: refund.currency,
        error_message: refund.errorMessage,
        updated_at: refund.updatedAt,
      },
    },
  });
  if (event.subject !== 'refund') throw new Error('a refund event was read as another');
  return event;
}

export function paymentEvent(payment: PspPayment) {
  const event = parseHyperswitchEvent({
    event_type: `payment_${payment.status}`,
    content: {
      object: {
        payment_id: payment.paymentId,
        status: payment.status,
        amount: payment.amountMinor,
        amount_received: payment.amountReceivedMinor,
        currency: payment.currency,
        error_message: payment.errorMessage,
        connector_transaction_id: payment.connectorTransactionId,
        updated: payment.updatedAt,
      },
    },
  });
  if (event.subject !== 'payment') throw new Error('a payment event was read as another');
  return { ...event, ...cardOnFile(payment) };
}
