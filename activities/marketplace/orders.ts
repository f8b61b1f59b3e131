import type { Evidence, Refused } from '../../domain/kernel/index.ts';
import type {
  OpenedPayment,
  OrderRequest,
  PaymentReport,
  AskedOrder,
} from '../../domain/marketplace/messages.ts';
import { readAsk, raiseFlag } from '../../db/kernel/index.ts';
import { openOrder } from '../../db/marketplace/orders/open-order.ts';
import { recordPaymentAnswer } from '../../db/marketplace/orders/record-payment-answer.ts';
import {
  recordExternalRefund,
  type RecordedRefund,
} from '../../db/marketplace/refunds/record-external-refund.ts';
import { settleDispute, type SettledDispute } from '../../db/marketplace/disputes/settle.ts';
import { settlePayment } from '../../db/marketplace/orders/settle.ts';
import type { PspPayment } from '../../providers/hyperswitch/outcomes.ts';
import { disputeReportStatus, paymentVerdict, refundVerdict } from '../../providers/hyperswitch/verdicts.ts';
import type { OrderStatus } from '../../domain/marketplace/order-machine.ts';
import type { MarketplaceDeps } from './deps.ts';
import { followUp, startAll } from './follow-up.ts';
import { whileHeartbeating, retryLater, withoutSentence } from '../kernel/index.ts';
import { orderOf, outsideEventFor, paymentReportFor, type ReadEvent } from './reports.ts';
import { unread } from './unread.ts';

export type OrderOpening =
  | Refused
  | {
      readonly orderId: string;
      readonly status: OrderStatus;
      readonly bodyHash: string | null;
      readonly expiresInMs: number;
    };

export interface SettledEvent {
  readonly wantsPayment: boolean;
  /** Nothing confirms the hint: nothing was booked. */
  readonly unconfirmed?: true;
  /** A dispute's report whose booking waits for money under way: it has to be booked again. */
  readonly waits?: true;
}

/** The inbox does not have the report that a signal hinted at, or not all of it: the PSP has to be asked. */
const UNCONFIRMED = 'unconfirmed';

/** `underway`: money may come without anybody doing anything more. `unpaid`: the buyer has not paid, and still may. */
export type LookedUpPayment = PaymentReport | 'underway' | 'unpaid';

export function createOrderActivities({ db, engine, psp, purchases, settings, log }: MarketplaceDeps) {
  async function keep(orderId: string, payment: PspPayment): Promise<OpenedPayment> {
    await recordPaymentAnswer(db, orderId, payment);
    return { paymentId: payment.paymentId, status: payment.status };
  }

  return {
    async openOrder({ orderId }: OrderRequest): Promise<OrderOpening> {
      const ask = await readAsk<AskedOrder>(db, 'order', orderId);
      const opened = await openOrder(db, { orderId, ask }, settings);
      if ('refused' in opened) return opened;
      const { order, bodyHash } = opened;
      const expiresInMs = order.createdAt.getTime() + settings.orderPaymentTimeoutMs - Date.now();
      return { orderId: order.id, status: order.status, bodyHash, expiresInMs: Math.max(expiresInMs, 0) };
    },

    /**
     * Creates the payment at the PSP under our id, or finds the one that an earlier attempt made. Decides nothing:
     * only the webhook says that a payment succeeded. Returns a refusal; an unknown outcome is asked again.
     */
    async createPayment(orderId: string): Promise<OpenedPayment | { readonly refusedBecause: string }> {
      const order = await orderOf(db, orderId);
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
          throw retryLater('psp_refuses_our_key', 'the PSP refuses our key', settings.psp);
        }
        // After any answer: an attempt whose worker died may have made the payment.
        const found = await psp.readPayment(paymentId);
        if (found.kind === 'payment') return keep(orderId, found.payment);
        // A refusal because the payment exists does not count: only the PSP's read side does not show it yet.
        if (outcome.kind === 'refused' && outcome.tells !== 'exists' && found.kind === 'not_found')
          return { refusedBecause: outcome.message };
        const reason =
          outcome.kind === 'refused'
            ? `HTTP ${outcome.httpStatus} ${outcome.code}`
            : withoutSentence(outcome.reason);
        throw retryLater(
          'psp_unknown_outcome',
          reason,
          settings.psp,
          outcome.kind === 'unknown' ? outcome.retryAfterMs : 0,
        );
      });
    },

    /**
     * Applies the PSP's report in one transaction, then starts what follows from it. `unconfirmed`: nothing confirms
     * the hint.
     */
    async settlePayment(
      orderId: string,
      evidence: Evidence<PaymentReport>,
    ): Promise<{ readonly status: string }> {
      const fact = await paymentReportFor(db, orderId, evidence);
      if (fact === null) return { status: UNCONFIRMED };
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
     * Money that left the PSP without us asking, or a dispute about it: booked in one transaction. It may need the
     * payment first, which the next call then passes; null where the PSP says that nothing was captured.
     */
    async settleOutsideEvent(
      orderId: string,
      evidence: Evidence<ReadEvent>,
      payment?: PaymentReport | null,
    ): Promise<SettledEvent> {
      const { paymentId } = await orderOf(db, orderId);
      const event = await outsideEventFor(db, paymentId, evidence);
      if (event === null) return { wantsPayment: false, unconfirmed: true };
      const order = { kind: 'order', id: orderId } as const;
      const settled: RecordedRefund & SettledDispute =
        event.kind === 'dispute'
          ? await settleDispute(db, order, event.news, purchases)
          : await recordExternalRefund(db, order, event, purchases, payment);
      if (settled.wantsPayment) return { wantsPayment: true };
      await followUp(engine, settled);
      if (settled.giveBack) await engine.startRefund(settled.giveBack.refundId, settled.giveBack.label);
      log.info({ orderId, event }, 'settled what came from outside');
      return { wantsPayment: false, ...(settled.waits && { waits: true }) };
    },

    /**
     * Reads a refund that the PSP announced without its amount, before anything is booked; null where it has not
     * succeeded.
     */
    async readOutsideRefund(providerRefundId: string): Promise<ReadEvent | null> {
      if (!isPspId(providerRefundId)) return null;
      return whileHeartbeating(async () => {
        const found = await psp.readRefund(providerRefundId);
        if (found.kind === 'not_found') return null;
        if (found.kind !== 'refund') {
          throw await unread({ db, settings }, found, 'refund');
        }
        if (refundVerdict(found.refund.status) !== 'succeeded') return null;
        const { paymentId, amountMinor, currency, updatedAt } = found.refund;
        const saidAt = updatedAt === null ? {} : { saidAt: updatedAt };
        return { kind: 'refund', paymentId, providerRefundId, amountMinor, currency, ...saidAt };
      });
    },

    /** Reads at the PSP a dispute that no stored webhook describes; null where the PSP's status changes nothing. */
    async readOutsideDispute(providerDisputeId: string): Promise<ReadEvent | null> {
      if (!isPspId(providerDisputeId)) return null;
      return whileHeartbeating(async () => {
        // The body has no time of its last change, so the time of this read stands for it.
        const saidAt = new Date().toISOString();
        const found = await psp.readDispute(providerDisputeId);
        if (found.kind === 'not_found') return null;
        if (found.kind !== 'dispute') {
          throw await unread({ db, settings }, found, 'dispute');
        }
        const { paymentId, connectorDisputeId, amountMinor, currency, stage } = found.dispute;
        const status = disputeReportStatus(found.dispute.status);
        if (status === null) return null;
        const news = {
          providerDisputeId,
          status,
          amountMinor,
          currency,
          ...(connectorDisputeId !== null && { connectorDisputeId }),
          ...(stage && { stage }),
          saidAt,
        };
        return { kind: 'dispute', paymentId, news };
      });
    },

    /** Asks the PSP how a payment stands of which no report has come. */
    async lookUpPayment(orderId: string): Promise<LookedUpPayment> {
      const { paymentId } = await orderOf(db, orderId);
      if (paymentId === null) return 'unpaid';
      return whileHeartbeating(async () => {
        const found = await psp.readPayment(paymentId);
        if (found.kind === 'payment') {
          await recordPaymentAnswer(db, orderId, found.payment);
          return factOf(found.payment);
        }
        if (found.kind === 'not_found') return 'unpaid';
        throw await unread({ db, settings }, found, 'payment');
      });
    },
  };
}

/** A signal may name anything; the PSP's ids have 64 characters at most. */
const isPspId = (id: unknown) => typeof id === 'string' && id !== '' && id.length <= 64;

const withoutMoney = (verdict: PaymentReport['verdict'], message: string): PaymentReport => ({
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

export const isUnderWay = (status: string): boolean => UNDERWAY.has(status);

/** What the PSP reports of a payment when it is read. */
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
    case 'failed': {
      const { manualRetryAllowed, errorMessage } = payment;
      // Declined, and the buyer may take another card: nothing has ended.
      if (manualRetryAllowed === true) return 'unpaid';
      const failed = withoutMoney('failed', errorMessage ?? verdict);
      return manualRetryAllowed === false ? { ...failed, dead: true } : failed;
    }
    // Cancelled in the router's books only: while the buyer's bank is being asked, the router does not tell the
    // connector.
    case 'cancelled':
    case 'expired':
      return withoutMoney('failed', payment.errorMessage ?? verdict);
    case 'waiting':
      return isUnderWay(payment.status) ? 'underway' : 'unpaid';
  }
}
