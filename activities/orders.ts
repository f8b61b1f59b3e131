import { eq } from 'drizzle-orm';
import type { OpenedPayment, OrderRequest, OutsideEvent, PaymentFact, Refused } from '../domain/messages.ts';
import { openOrder } from '../db/verbs/open-order.ts';
import { raiseFlag } from '../db/verbs/raise-flag.ts';
import { recordPaymentAnswer } from '../db/verbs/record-payment-answer.ts';
import { recordExternalRefund, type RecordedRefund } from '../db/verbs/record-external-refund.ts';
import { settleDispute } from '../db/verbs/settle-dispute.ts';
import { settlePayment } from '../db/verbs/settle-payment.ts';
import { MissingRow } from '../db/verbs/lock.ts';
import { orders } from '../db/schema/index.ts';
import type { PspPayment } from '../providers/hyperswitch/outcomes.ts';
import { paymentVerdict, refundVerdict } from '../providers/hyperswitch/verdicts.ts';
import type { OrderStatus } from '../domain/machines/order.ts';
import type { Deps } from './deps.ts';
import { followUp, startAll } from './follow-up.ts';
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

/** An event from outside whose amounts are known. */
export type BookableEvent =
  | Extract<OutsideEvent, { kind: 'dispute' }>
  | {
      readonly kind: 'refund';
      readonly providerRefundId: string;
      readonly amountMinor: number;
      readonly currency: string;
      readonly saidAt?: string;
    };

/** `underway`: money may come without anybody doing anything more. `unpaid`: the buyer has not paid. */
export type LookedUpPayment = PaymentFact | 'underway' | 'unpaid';

export function createOrderActivities({ db, engine, psp, settings, log }: Deps) {
  async function readOrder(orderId: string) {
    const [order] = await db.select().from(orders).where(eq(orders.id, orderId));
    if (order === undefined) throw new MissingRow('order', orderId);
    return order;
  }

  async function keep(orderId: string, payment: PspPayment): Promise<OpenedPayment> {
    await recordPaymentAnswer(db, orderId, payment);
    return { paymentId: payment.paymentId, status: payment.status };
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
      if (order.paymentStatus !== null) return { paymentId, status: order.paymentStatus };
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
        // That it exists is no refusal: the PSP's read side does not show it yet.
        if (outcome.kind === 'refused' && outcome.tells !== 'exists' && found.kind === 'not_found')
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
      const settled = await settlePayment(db, orderId, fact, {
        refundWindowDays: settings.refundWindowDays,
        feePolicy: settings.refundFeePolicy,
      });
      if (settled.status === 'completed') {
        await startAll(settled.transfers, (transfer) => engine.startTransfer(transfer));
      }
      if (settled.status === 'given_back') await engine.startRefund(settled.refundId, settled.label);
      if (settled.status === 'cancelled') await followUp(engine, settled.settled);
      log.info({ orderId, verdict: fact.verdict, outcome: settled.status }, 'payment settled');
      return { status: settled.status };
    },

    /**
     * Money that left the PSP without us asking, or a dispute about it: booked in one transaction. It may want to know
     * the payment first, which is then handed in; null where the PSP says that nothing was captured.
     */
    async settleOutsideEvent(
      orderId: string,
      event: BookableEvent,
      payment?: PaymentFact | null,
    ): Promise<{ readonly wantsPayment: boolean }> {
      const { refundFeePolicy } = settings;
      const settled: RecordedRefund =
        event.kind === 'dispute'
          ? await settleDispute(db, orderId, event.news, refundFeePolicy)
          : await recordExternalRefund(db, orderId, event, refundFeePolicy, payment);
      if (settled.wantsPayment) return { wantsPayment: true };
      await followUp(engine, settled);
      if (settled.giveBack) await engine.startRefund(settled.giveBack.refundId, settled.giveBack.label);
      log.info({ orderId, event }, 'settled what came from outside');
      return { wantsPayment: false };
    },

    /** A refund that the PSP announced without its amount is read before anything is booked; null where it is none. */
    async readOutsideRefund(providerRefundId: string): Promise<BookableEvent | null> {
      return whileHeartbeating(async () => {
        const found = await psp.readRefund(providerRefundId);
        if (found.kind === 'not_found') return null;
        if (found.kind !== 'refund') {
          throw retryLater('psp_unknown_outcome', 'the refund could not be read', settings.psp);
        }
        if (refundVerdict(found.refund.status) !== 'succeeded') return null;
        const { amountMinor, currency, updatedAt } = found.refund;
        const saidAt = updatedAt === null ? {} : { saidAt: updatedAt };
        return { kind: 'refund', providerRefundId, amountMinor, currency, ...saidAt };
      });
    },

    /** Asks the PSP how a payment stands that nobody told us of. */
    async lookUpPayment(orderId: string): Promise<LookedUpPayment> {
      const { paymentId } = await readOrder(orderId);
      if (paymentId === null) return 'unpaid';
      return whileHeartbeating(async () => {
        const found = await psp.readPayment(paymentId);
        if (found.kind === 'payment') return factOf(found.payment);
        if (found.kind === 'not_found') return 'unpaid';
        throw retryLater('psp_unknown_outcome', 'the payment could not be read', settings.psp);
      });
    },
  };
}

const withoutMoney = (verdict: PaymentFact['verdict'], message: string): PaymentFact => ({
  verdict,
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

/** What a payment that was read means; the same as its webhook would have said. */
export function factOf(payment: PspPayment): LookedUpPayment {
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
      return withoutMoney(verdict, 'cancelled after capture');
    case 'failed':
    case 'cancelled':
    case 'expired':
      return withoutMoney('failed', payment.errorMessage ?? verdict);
    case 'waiting':
      return UNDERWAY.has(payment.status) ? 'underway' : 'unpaid';
  }
}
