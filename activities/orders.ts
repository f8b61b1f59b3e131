import { eq } from 'drizzle-orm';
import type { OpenedPayment, OrderRequest, PaymentFact, Refused } from '../domain/messages.ts';
import { openOrder } from '../db/verbs/open-order.ts';
import { raiseFlag } from '../db/verbs/raise-flag.ts';
import { recordPaymentAnswer } from '../db/verbs/record-payment-answer.ts';
import { settlePayment } from '../db/verbs/settle-payment.ts';
import { MissingRow } from '../db/verbs/lock.ts';
import { orders } from '../db/schema/index.ts';
import type { PspPayment } from '../providers/hyperswitch/outcomes.ts';
import { paymentVerdict } from '../providers/hyperswitch/verdicts.ts';
import type { OrderStatus } from '../domain/machines/order.ts';
import type { Deps } from './deps.ts';
import { whileHeartbeating } from './heartbeat.ts';
import { retryLater } from './retry-later.ts';

export type OrderOpening =
  | Refused
  | {
      readonly orderId: string;
      readonly status: OrderStatus;
      readonly bodyHash: string | null;
      readonly expiresInMs: number;
    };

export function createOrderActivities({ db, engine, psp, settings, log }: Deps) {
  async function readOrder(orderId: string) {
    const [order] = await db.select().from(orders).where(eq(orders.id, orderId));
    if (order === undefined) throw new MissingRow('order', orderId);
    return order;
  }

  async function keep(orderId: string, payment: PspPayment): Promise<OpenedPayment> {
    await recordPaymentAnswer(db, orderId, payment);
    return { paymentId: payment.paymentId, status: payment.status, clientSecret: payment.clientSecret };
  }

  return {
    async openOrder(request: OrderRequest): Promise<OrderOpening> {
      const opened = await openOrder(db, request, settings.platformFeeBps);
      if ('refused' in opened) return opened;
      const { order, bodyHash } = opened;
      const expiresInMs = order.createdAt.getTime() + settings.orderPaymentTimeoutMs - Date.now();
      return { orderId: order.id, status: order.status, bodyHash, expiresInMs: Math.max(expiresInMs, 0) };
    },

    /**
     * Creates the payment at the PSP under our id, or finds the one that an earlier attempt made. Decides nothing: that
     * a payment succeeded is the webhook's to say. A refusal comes back as one; everything unknown is asked again.
     */
    async createPayment(orderId: string): Promise<OpenedPayment | { readonly refusedBecause: string }> {
      const order = await readOrder(orderId);
      const { paymentId } = order;
      if (paymentId === null) return { refusedBecause: 'the order has no payment id' };
      if (order.paymentStatus !== null) {
        return { paymentId, status: order.paymentStatus, clientSecret: order.paymentClientSecret };
      }
      return whileHeartbeating(async () => {
        const outcome = await psp.createPayment({
          paymentId,
          amountMinor: order.totalMinor,
          currency: order.currency,
          idempotencyKey: paymentId,
          metadata: { order_id: orderId },
        });
        if (outcome.kind === 'payment') return keep(orderId, outcome.payment);
        if (outcome.kind === 'unauthorized') {
          await raiseFlag(db, 'psp_refuses_our_key', 'hyperswitch', outcome.message);
          throw retryLater('psp_refuses_our_key', outcome.message, settings.psp);
        }
        // Whatever the answer was, an attempt that a dead worker forgot may have made the payment.
        const found = await psp.readPayment(paymentId);
        if (found.kind === 'payment') return keep(orderId, found.payment);
        if (outcome.kind === 'refused' && found.kind === 'not_found')
          return { refusedBecause: outcome.message };
        const reason = outcome.kind === 'refused' ? outcome.message : outcome.reason;
        throw retryLater(
          'psp_unknown_outcome',
          reason,
          settings.psp,
          outcome.kind === 'unknown' ? outcome.retryAfterMs : 0,
        );
      });
    },

    /** Applies the PSP's word in one transaction, then starts what it calls for. */
    async settlePayment(orderId: string, fact: PaymentFact): Promise<{ readonly status: string }> {
      const settled = await settlePayment(db, orderId, fact, settings);
      if (settled.status === 'completed') {
        for (const transfer of settled.transfers) await engine.startTransfer(transfer);
      }
      if (settled.status === 'given_back') await engine.startRefund(settled.refundId, settled.label);
      log.info({ orderId, verdict: fact.verdict, outcome: settled.status }, 'payment settled');
      return { status: settled.status };
    },

    /** Asks the PSP how a payment stands that nobody told us of. `waiting` while it may still be paid. */
    async lookUpPayment(orderId: string): Promise<PaymentFact | 'waiting'> {
      const { paymentId } = await readOrder(orderId);
      if (paymentId === null) return unpaid('expired');
      return whileHeartbeating(async () => {
        const found = await psp.readPayment(paymentId);
        if (found.kind === 'payment') return factOf(found.payment);
        if (found.kind === 'not_found') return unpaid('expired');
        throw retryLater('psp_unknown_outcome', 'the payment could not be read', settings.psp);
      });
    },
  };
}

const unpaid = (message: string): PaymentFact => ({
  verdict: 'failed',
  receivedMinor: null,
  currency: null,
  message,
  connectorTransactionId: null,
});

/** Statuses in which money may be on its way without anyone doing anything more. */
const UNDERWAY = new Set([
  'processing',
  'partially_captured_and_processing',
  'requires_capture',
  'requires_merchant_action',
  'partially_authorized_and_requires_capture',
  'partially_captured_and_capturable',
  'review',
  'conflicted',
]);

function factOf(payment: PspPayment): PaymentFact | 'waiting' {
  const verdict = paymentVerdict(payment.status);
  switch (verdict) {
    case 'succeeded':
    case 'partially_captured':
      return {
        verdict: 'captured',
        receivedMinor: payment.amountReceivedMinor,
        currency: payment.currency,
        message: payment.errorMessage,
        connectorTransactionId: payment.connectorTransactionId,
      };
    case 'cancelled_post_capture':
      return { ...unpaid('cancelled after capture'), verdict };
    case 'failed':
    case 'cancelled':
    case 'expired':
      return unpaid(payment.errorMessage ?? verdict);
    case 'waiting':
      return UNDERWAY.has(payment.status) ? 'waiting' : unpaid('expired');
  }
}
