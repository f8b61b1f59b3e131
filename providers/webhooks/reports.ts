import type {
  DisputeReport,
  OutsideEvent,
  PaymentReport,
  RefundReport,
} from '../../domain/marketplace/index.ts';
import type { PayoutReport } from '../../domain/payouts/index.ts';
import { disputeReportStatus } from '../hyperswitch/verdicts.ts';
import type { DisputeEvent, PaymentEvent, RefundEvent } from './hyperswitch-event.ts';
import type { StripePayoutEvent } from './stripe-event.ts';

// What an event says of a row of ours. Null everywhere: it ends nothing.

/** An amount that the event does not name is read at the PSP later. */
export function paymentReport(event: PaymentEvent): PaymentReport | null {
  const said = {
    // A received amount of 0 is no capture: the PSP is asked how much it was.
    receivedMinor: event.amountReceivedMinor || null,
    currency: event.currency ?? null,
    message: event.errorMessage ?? null,
    connectorTransactionId: event.connectorTransactionId ?? null,
    ...(namesNoMoney(event) && { unread: true as const }),
  };
  switch (event.verdict) {
    case 'succeeded':
    case 'partially_captured':
      return { ...said, verdict: 'captured' };
    case 'cancelled_post_capture':
      return { ...said, verdict: 'cancelled_post_capture' };
    case 'failed':
    case 'cancelled':
    case 'expired':
      return { ...said, verdict: 'failed', message: said.message ?? event.verdict };
    case 'waiting':
      return null;
  }
}

const namesNoMoney = ({ amountMinor, amountReceivedMinor, currency }: PaymentEvent) =>
  (amountReceivedMinor ?? amountMinor) === undefined || currency === undefined;

export function refundReport(event: RefundEvent): RefundReport | null {
  if (event.verdict === 'waiting') return null;
  return {
    status: event.verdict,
    providerRefundId: event.refundId,
    message: event.errorMessage ?? null,
    ...saidAt(event),
    ...done(event),
  };
}

const done = ({ amountMinor, currency }: RefundEvent) =>
  amountMinor === undefined || currency === undefined ? {} : { done: { amountMinor, currency } };

/** A refund that is not ours. A failed one moved nothing. */
export function outsideRefundReport(event: RefundEvent): Extract<OutsideEvent, { kind: 'refund' }> | null {
  if (event.verdict !== 'succeeded') return null;
  const { refundId: providerRefundId, amountMinor = null, currency = null } = event;
  return { kind: 'refund', providerRefundId, amountMinor, currency, ...saidAt(event) };
}

const saidAt = ({ updatedAt }: RefundEvent | DisputeEvent) =>
  updatedAt === undefined ? {} : { saidAt: updatedAt };

export const disputeStatus = (event: Pick<DisputeEvent, 'status' | 'type'>): DisputeReport['status'] | null =>
  disputeReportStatus(event.status ?? event.type);

/** Null also where the event names no dispute or no amount. */
export function disputeReport(event: DisputeEvent): DisputeReport | null {
  const status = disputeStatus(event);
  const { disputeId, connectorDisputeId, amountMinor, currency, stage } = event;
  if (status === null || disputeId === undefined || amountMinor === undefined || currency === undefined)
    return null;
  return {
    providerDisputeId: disputeId,
    status,
    amountMinor,
    currency,
    ...(connectorDisputeId !== undefined && { connectorDisputeId }),
    ...(stage !== undefined && { stage }),
    ...saidAt(event),
  };
}

/** `payout.paid` and `payout.failed` decide, also days later; a cancelled payout's money never left. */
export function payoutReport(event: StripePayoutEvent): PayoutReport | null {
  const { type, stripePayoutId, failureMessage, failureCode } = event;
  switch (type) {
    case 'payout.paid':
      return { status: 'paid', stripePayoutId, message: null };
    case 'payout.failed':
      return {
        status: 'failed',
        stripePayoutId,
        message: failureMessage ?? failureCode ?? 'the bank refused',
      };
    case 'payout.canceled':
      return { status: 'failed', stripePayoutId, message: 'the payout was cancelled' };
    default:
      return null;
  }
}
