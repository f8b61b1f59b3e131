import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHyperswitchEvent, type HyperswitchEvent } from '../../providers/webhooks/hyperswitch-event.ts';

const REFUND_OBJECT = {
  refund_id: 'f1',
  payment_id: 'p1',
  amount: 654,
  currency: 'usd',
  status: 'failed',
  error_message: 'Charge has already been refunded',
  error_code: 'charge_already_refunded',
  updated_at: '2026-08-21T10:11:14.001Z',
  connector_refund_id: null,
};
const PAYMENT_OBJECT = {
  payment_id: 'p1',
  status: 'succeeded',
  amount: 6540,
  amount_received: 6540,
  currency: 'USD',
  client_secret: 'p1_secret',
  connector_transaction_id: 'pi_x',
  error_message: null,
  // The router nests a payment's refunds: they do not make it a refund event.
  refunds: [{ refund_id: 'f1', status: 'succeeded' }],
  updated: '2026-08-21T10:00:02.000Z',
};
const DISPUTE_OBJECT = {
  dispute_id: 'dp_1',
  payment_id: 'p1',
  attempt_id: 'a1',
  amount: '6540',
  currency: 'USD',
  dispute_stage: 'dispute',
  dispute_status: 'dispute_opened',
  connector: 'stripe',
  connector_dispute_id: 'dp_x',
  is_already_refunded: false,
  created_at: '2026-08-21T10:00:00.000Z',
};

/** The router's own envelope around an object. */
function real(eventType: string, contentType: string, object: object) {
  return {
    merchant_id: 'merchant_1',
    event_id: 'evt_1',
    event_type: eventType,
    content: { type: contentType, object },
    timestamp: '2026-08-21T10:11:14.050Z',
  };
}

describe('the discriminator', () => {
  test.each<[string, unknown, HyperswitchEvent]>([
    [
      'flat refund type',
      { event_type: 'refund.succeeded', refund_id: 'f1', payment_id: 'p1' },
      {
        subject: 'refund',
        eventId: null,
        type: 'refund_succeeded',
        refundId: 'f1',
        paymentId: 'p1',
        status: 'succeeded',
        verdict: 'succeeded',
      },
    ],
    [
      'mixed case',
      { event_type: 'ReFund.Failed', refund_id: 'f1', error_message: 'no' },
      {
        subject: 'refund',
        eventId: null,
        type: 'refund_failed',
        refundId: 'f1',
        status: 'failed',
        verdict: 'failed',
        errorMessage: 'no',
      },
    ],
    [
      'payment event',
      { event_type: 'payment.succeeded', payment_id: 'p1' },
      {
        subject: 'payment',
        eventId: null,
        type: 'payment_succeeded',
        paymentId: 'p1',
        status: 'succeeded',
        verdict: 'succeeded',
      },
    ],
    [
      'refund id alone',
      { event_type: 'action_required', refund_id: 'f1' },
      { subject: 'refund', eventId: null, type: 'action_required', refundId: 'f1', verdict: 'waiting' },
    ],
    [
      'refund id alone, no type at all',
      { refund_id: 'f1', status: 'succeeded' },
      {
        subject: 'refund',
        eventId: null,
        type: '',
        refundId: 'f1',
        status: 'succeeded',
        verdict: 'succeeded',
      },
    ],
    ['empty', {}, { subject: 'payment', eventId: null, type: '', verdict: 'waiting' }],
    [
      'empty refund id is none',
      { event_type: 'payment.failed', payment_id: 'p1', refund_id: ' ' },
      {
        subject: 'payment',
        eventId: null,
        type: 'payment_failed',
        paymentId: 'p1',
        status: 'failed',
        verdict: 'failed',
      },
    ],
    [
      'nested refund id',
      { event_type: 'action_required', object: { refund_id: 'f1', status: 'pending' } },
      {
        subject: 'refund',
        eventId: null,
        type: 'action_required',
        refundId: 'f1',
        status: 'pending',
        verdict: 'waiting',
      },
    ],
    [
      'deeply nested refund id',
      { content: { object: { refund_id: 'f1', status: 'succeeded' } } },
      {
        subject: 'refund',
        eventId: null,
        type: '',
        refundId: 'f1',
        status: 'succeeded',
        verdict: 'succeeded',
      },
    ],
    [
      'refund without id',
      { event_id: 'evt_1', event_type: 'refund_succeeded', payment_id: 'p1' },
      { subject: 'invalid', reason: 'refund_without_id', eventId: 'evt_1', type: 'refund_succeeded' },
    ],
    [
      'refund anywhere in the type',
      { event_type: 'charge.REFUNDED', refund_id: 'f1' },
      { subject: 'refund', eventId: null, type: 'charge_refunded', refundId: 'f1', verdict: 'waiting' },
    ],
    [
      'refund anywhere in the type, without id',
      { event_type: 'charge.REFUNDED', payment_id: 'p1' },
      { subject: 'invalid', reason: 'refund_without_id', eventId: null, type: 'charge_refunded' },
    ],
    [
      'dispute only at the beginning',
      { event_type: 'payment_dispute_opened', payment_id: 'p1' },
      {
        subject: 'payment',
        eventId: null,
        type: 'payment_dispute_opened',
        paymentId: 'p1',
        status: 'dispute_opened',
        verdict: 'waiting',
      },
    ],
    ['an array', [], { subject: 'invalid', reason: 'not_an_object', eventId: null, type: '' }],
    ['null', null, { subject: 'invalid', reason: 'not_an_object', eventId: null, type: '' }],
    ['text', 'refund', { subject: 'invalid', reason: 'not_an_object', eventId: null, type: '' }],
  ])('%s', (_name, json, event) => {
    expect(parseHyperswitchEvent(json)).toStrictEqual(event);
  });
});

describe("the router's own shape", () => {
  test('refund', () => {
    expect(parseHyperswitchEvent(real('refund_failed', 'refund_details', REFUND_OBJECT))).toStrictEqual({
      subject: 'refund',
      eventId: 'evt_1',
      type: 'refund_failed',
      refundId: 'f1',
      paymentId: 'p1',
      status: 'failed',
      verdict: 'failed',
      amountMinor: 654,
      currency: 'USD',
      errorMessage: 'Charge has already been refunded',
      updatedAt: '2026-08-21T10:11:14.001Z',
    });
  });

  test('payment, whose nested refunds do not make it a refund', () => {
    expect(parseHyperswitchEvent(real('payment_succeeded', 'payment_details', PAYMENT_OBJECT))).toStrictEqual(
      {
        subject: 'payment',
        eventId: 'evt_1',
        type: 'payment_succeeded',
        paymentId: 'p1',
        status: 'succeeded',
        verdict: 'succeeded',
        amountMinor: 6540,
        amountReceivedMinor: 6540,
        currency: 'USD',
        connectorTransactionId: 'pi_x',
        updatedAt: '2026-08-21T10:00:02.000Z',
      },
    );
  });

  test('dispute, its amount a string and its order the event time', () => {
    expect(parseHyperswitchEvent(real('dispute_opened', 'dispute_details', DISPUTE_OBJECT))).toStrictEqual({
      subject: 'dispute',
      eventId: 'evt_1',
      type: 'dispute_opened',
      disputeId: 'dp_1',
      connectorDisputeId: 'dp_x',
      stage: 'dispute',
      paymentId: 'p1',
      status: 'dispute_opened',
      verdict: 'open',
      amountMinor: 6540,
      currency: 'USD',
      updatedAt: '2026-08-21T10:11:14.050Z',
    });
  });
});

test.each<[string, (object: object) => object]>([
  ['content.object', (object) => ({ event_type: 'refund_failed', content: { object } })],
  ['object', (object) => ({ event_type: 'refund_failed', object })],
  ['flat', (object) => ({ event_type: 'refund_failed', ...object })],
  ['flat, with dots', (object) => ({ event_type: 'refund.failed', ...object })],
])('the nestings read alike: %s', (_name, nest) => {
  expect(parseHyperswitchEvent(nest(REFUND_OBJECT))).toStrictEqual({
    subject: 'refund',
    eventId: null,
    type: 'refund_failed',
    refundId: 'f1',
    paymentId: 'p1',
    status: 'failed',
    verdict: 'failed',
    amountMinor: 654,
    currency: 'USD',
    errorMessage: 'Charge has already been refunded',
    updatedAt: '2026-08-21T10:11:14.001Z',
  });
});

test.each([
  ['refund_succeeded', undefined, 'succeeded'],
  ['refund_failed', undefined, 'failed'],
  ['refund.pending', undefined, 'waiting'],
  ['refund.review', undefined, 'waiting'],
  ['refund_succeeded', 'pending', 'waiting'],
  ['refund_succeeded', 'failed', 'failed'],
])('refund verdict of %s with status %s: %s', (eventType, status, verdict) => {
  expect(parseHyperswitchEvent({ event_type: eventType, status, refund_id: 'f1' })).toMatchObject({
    verdict,
  });
});

test.each([
  ['payment_succeeded', undefined, 'succeeded'],
  ['payment.partially_captured', undefined, 'partially_captured'],
  ['payment_failed', undefined, 'failed'],
  ['payment_cancelled', undefined, 'cancelled'],
  ['payment_cancelled_post_capture', undefined, 'cancelled_post_capture'],
  ['payment_expired', undefined, 'expired'],
  ['payment_processing', undefined, 'waiting'],
  ['payment_authorized', undefined, 'waiting'],
  ['payment_captured', undefined, 'waiting'],
  ['payment_captured', 'partially_captured', 'partially_captured'],
  ['action_required', undefined, 'waiting'],
  ['payment_succeeded', 'processing', 'waiting'],
])('payment verdict of %s with status %s: %s', (eventType, status, verdict) => {
  expect(parseHyperswitchEvent({ event_type: eventType, status, payment_id: 'p1' })).toMatchObject({
    verdict,
  });
});

test.each([
  ['dispute_opened', 'open'],
  ['dispute_challenged', 'open'],
  ['dispute_expired', 'expired'],
  ['dispute_accepted', 'lost'],
  ['dispute_lost', 'lost'],
  ['dispute_won', 'freed'],
  ['dispute.cancelled', 'freed'],
])('dispute verdict of %s: %s', (eventType, verdict) => {
  const byType = parseHyperswitchEvent({ event_type: eventType, dispute_id: 'dp_1' });
  expect(byType).toMatchObject({ subject: 'dispute', verdict });
  const object = { ...DISPUTE_OBJECT, dispute_status: eventType };
  expect(parseHyperswitchEvent(real(eventType, 'dispute_details', object))).toMatchObject({ verdict });
});

test.each([
  [6540, 6540],
  ['6540', 6540],
  [0, 0],
  ['65.40', undefined],
  [65.4, undefined],
  [-1, undefined],
  ['', undefined],
  ['9007199254740993', undefined],
  [null, undefined],
  [{}, undefined],
])('amount %j is %s', (amount, amountMinor) => {
  const event = parseHyperswitchEvent(
    real('dispute_opened', 'dispute_details', { ...DISPUTE_OBJECT, amount }),
  );
  expect('amountMinor' in event ? event.amountMinor : undefined).toBe(amountMinor);
});

test.each([
  ['2026-08-21T10:11:14.001Z', '2026-08-21T10:11:14.001Z'],
  ['2026-08-21T10:11:14Z', '2026-08-21T10:11:14.000Z'],
  ['2026-08-21T12:11:14.001+02:00', '2026-08-21T10:11:14.001Z'],
  ['2026-08-21T10:11:14.001', '2026-08-21T10:11:14.001Z'],
  ['2026-08-21 10:11:14.001234', '2026-08-21T10:11:14.001Z'],
  ['yesterday', undefined],
  ['1', undefined],
  [1, undefined],
])('updated_at %j is %s', (updatedAt, read) => {
  const event = parseHyperswitchEvent({ refund_id: 'f1', updated_at: updatedAt });
  expect('updatedAt' in event ? event.updatedAt : undefined).toBe(read);
});

const EVENT_FIELDS = [
  'event_id event_type content object refund_id payment_id dispute_id status dispute_status',
  'amount amount_received currency updated updated_at timestamp __proto__',
].flatMap((words) => words.split(' '));

/** JSON that often uses our own words: arbitrary JSON alone never reaches the inner branches. */
const eventLike = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('refund.succeeded', 'dispute_lost', '12', 12),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom(...EVENT_FIELDS), tie('value')),
})).value;

test('parsing never throws, and a refund always has its id', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), eventLike), (json) => {
      const event = parseHyperswitchEvent(json);
      if (event.subject === 'refund') expect(event.refundId).not.toBe('');
      if (event.subject !== 'invalid' && event.amountMinor !== undefined) {
        expect(Number.isSafeInteger(event.amountMinor)).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
