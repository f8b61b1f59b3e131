import {
  type AttemptReport,
  classifyDecline,
  type DeclineFacts,
  type ReportedCard,
} from '../../domain/subscriptions/index.ts';
import type { PspPayment } from '../hyperswitch/outcomes.ts';
import { paymentEvent } from './as-event.ts';
import type { CardOnFile, PaymentEvent } from './hyperswitch-event.ts';

/**
 * What an event says of an attempt to pay an invoice. Null: it ends nothing, or it is of a set-up payment, which pays
 * nothing. A failure that `manual_retry_allowed` lets the buyer mend is told like any other: read the PSP before it
 * counts.
 */
export function attemptReport(event: PaymentEvent): AttemptReport | null {
  if (event.isSetup === true) return null;
  const said = {
    // A received amount of 0 is no capture: the PSP is asked how much it was.
    receivedMinor: event.amountReceivedMinor || null,
    currency: event.currency ?? null,
    message: event.errorMessage ?? null,
    providerStatus: null,
    connectorTransactionId: event.connectorTransactionId ?? null,
    decline: null,
    card: reportedCard(event),
    attemptCount: event.attemptCount ?? 1,
  };
  switch (event.verdict) {
    case 'succeeded':
    case 'partially_captured':
      return { ...said, verdict: 'captured' };
    case 'cancelled_post_capture':
      return { ...said, verdict: 'cancelled_post_capture' };
    case 'failed':
      return failed(said, event.verdict, classifyDecline(event.decline ?? NOTHING_SAID));
    // Nobody declined it: it was not paid in time, or ended on our wish.
    case 'cancelled':
    case 'expired':
      return failed(said, event.verdict, null);
    case 'waiting':
      return null;
  }
}

const failed = (
  said: Omit<AttemptReport, 'verdict'>,
  word: string,
  decline: AttemptReport['decline'],
): AttemptReport => ({
  ...said,
  receivedMinor: null,
  verdict: 'failed',
  message: said.message ?? word,
  providerStatus: word,
  decline,
});

/**
 * The same, of a payment that was looked up: what failed for good is dead. One that was cancelled or expired is not known to be:
 * the router does not tell the connector.
 */
export function attemptReportOf(payment: PspPayment): AttemptReport | null {
  const report = attemptReport(paymentEvent(payment));
  const isDead =
    report?.verdict === 'failed' && payment.status === 'failed' && payment.manualRetryAllowed === false;
  return isDead ? { ...report, dead: true } : report;
}

const NOTHING_SAID: DeclineFacts = {
  status: null,
  adviceCode: null,
  issuerCode: null,
  declineCode: null,
  errorCode: null,
  unifiedCode: null,
};

/** A last month of validity that never comes: a card is not given up because the PSP does not show its data. */
const UNKNOWN_EXPIRY = { expMonth: 12, expYear: 9_999 };

/** The card that a payment, or a set-up payment, left on file; null where it cannot be charged later. */
export function reportedCard({
  isChargeable,
  paymentMethodId,
  fingerprint,
  card,
}: CardOnFile): ReportedCard | null {
  if (isChargeable !== true || paymentMethodId === undefined) return null;
  const { expMonth, expYear } = card ?? {};
  const expiry = expMonth && expYear ? { expMonth, expYear } : UNKNOWN_EXPIRY;
  return {
    providerPaymentMethodId: paymentMethodId,
    fingerprint: fingerprint ?? null,
    brand: card?.brand ?? 'card',
    last4: card?.last4 ?? '',
    ...expiry,
  };
}
