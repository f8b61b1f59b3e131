import { describe, expect, test } from 'vitest';
import { attemptReport, attemptReportOf, reportedCard } from '../../providers/webhooks/attempt-report.ts';
import { parseHyperswitchEvent, type PaymentEvent } from '../../providers/webhooks/hyperswitch-event.ts';
import { readPaymentBody } from '../../providers/hyperswitch/bodies.ts';

const PAID = {
  payment_id: 'p1',
  status: 'succeeded',
  amount: 999,
  amount_received: 999,
  currency: 'USD',
  connector_transaction_id: 'pi_x',
  attempt_count: 1,
  payment_method_id: 'pm_1',
  payment_method_status: 'active',
  payment_method_data: {
    card: { last4: '4242', card_network: 'Visa', card_exp_month: '10', card_exp_year: '2030' },
  },
};
const CARD = {
  providerPaymentMethodId: 'pm_1',
  fingerprint: null,
  brand: 'Visa',
  last4: '4242',
  expMonth: 10,
  expYear: 2030,
};
const DECLINED = {
  ...PAID,
  status: 'failed',
  amount_received: null,
  error_code: 'card_declined',
  error_message: 'Your card was declined.',
  error_reason: 'message - Your card was declined., decline_code - lost_card',
};

function eventOf(object: object): PaymentEvent {
  const event = parseHyperswitchEvent({ event_type: 'payment_x', content: { object } });
  if (event.subject !== 'payment') throw new Error(event.subject);
  return event;
}

describe('what an event says of an attempt', () => {
  test.each<[string, object, object | null]>([
    [
      'paid',
      PAID,
      {
        verdict: 'captured',
        receivedMinor: 999,
        currency: 'USD',
        message: null,
        providerStatus: null,
        connectorTransactionId: 'pi_x',
        decline: null,
        card: CARD,
        attemptCount: 1,
      },
    ],
    [
      'paid in part',
      { ...PAID, status: 'partially_captured', amount_received: 5 },
      { verdict: 'captured', receivedMinor: 5 },
    ],
    [
      'paid, how much is not said',
      { ...PAID, amount_received: null },
      { verdict: 'captured', receivedMinor: null },
    ],
    [
      'paid, and nothing received',
      { ...PAID, amount_received: 0 },
      { verdict: 'captured', receivedMinor: null },
    ],
    [
      'paid by a card that is not kept',
      { ...PAID, payment_method_status: null },
      { verdict: 'captured', card: null },
    ],
    [
      'declined for good',
      DECLINED,
      {
        verdict: 'failed',
        receivedMinor: null,
        message: 'Your card was declined.',
        decline: { code: 'lost_card', class: 'final' },
      },
    ],
    [
      'declined for now, by a PSP that retries itself',
      { ...DECLINED, error_reason: null, issuer_error_code: '51', attempt_count: 3 },
      { verdict: 'failed', decline: { code: '51', class: 'retry' }, attemptCount: 3 },
    ],
    [
      'failed without a word',
      { payment_id: 'p1', status: 'failed' },
      { verdict: 'failed', message: 'failed', decline: { code: null, class: 'retry' } },
    ],
    [
      'cancelled',
      { ...PAID, status: 'cancelled' },
      { verdict: 'failed', message: 'cancelled', decline: null },
    ],
    ['expired', { ...PAID, status: 'expired' }, { verdict: 'failed', message: 'expired', decline: null }],
    [
      'cancelled after capture',
      { ...PAID, status: 'cancelled_post_capture' },
      { verdict: 'cancelled_post_capture' },
    ],
    ['processed', { ...PAID, status: 'processing' }, null],
    ['the bank wants the buyer', { ...PAID, status: 'requires_customer_action' }, null],
    ['a set-up payment pays nothing', { ...PAID, amount: 0, amount_received: null }, null],
  ])('%s', (_name, object, report) => {
    const told = attemptReport(eventOf(object));
    if (report === null) expect(told).toBeNull();
    else expect(told).toMatchObject(report);
  });

  test.each([PAID, DECLINED, { ...PAID, amount: 0, amount_received: null }])(
    'a look-up says the same as the webhook',
    (body) => {
      const payment = readPaymentBody(body);
      expect(attemptReportOf(payment!)).toEqual(attemptReport(eventOf(body)));
    },
  );
});

describe('the card that a payment left on file', () => {
  test('of a set-up payment', () => {
    expect(reportedCard(eventOf({ ...PAID, amount: 0, amount_received: null }))).toEqual(CARD);
  });

  test('is not given up because its data are not shown', () => {
    const { payment_method_data: _, ...hidden } = PAID;
    expect(reportedCard(eventOf({ ...hidden, fingerprint: 'f0' }))).toEqual({
      providerPaymentMethodId: 'pm_1',
      fingerprint: 'f0',
      brand: 'card',
      last4: '',
      expMonth: 12,
      expYear: 9_999,
    });
  });

  test('is none where it cannot be charged later', () => {
    expect(reportedCard(eventOf({ ...PAID, payment_method_status: 'inactive' }))).toBeNull();
    expect(reportedCard({ isChargeable: true })).toBeNull();
  });
});
