import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHyperswitch, type Hyperswitch } from '../../providers/hyperswitch/client.ts';
import { EmptyIdempotencyKeyError, InvalidAmountError } from '../../providers/idempotency-key.ts';
import { paymentEvent } from '../../providers/webhooks/as-event.ts';
import { parseHyperswitchEvent } from '../../providers/webhooks/hyperswitch-event.ts';
import { startTinyServer, type ScriptedAnswer, type TinyServer } from './tiny-server.ts';

const PAYMENT_ID = '0198c5d2-2222-7000-8000-000000000002';
const CUSTOMER_ID = '0198c5d2-3333-7000-8000-000000000003';

const TOKENIZATION = {
  payment_method_id: 'pm_6Qs1',
  payment_method_status: 'active',
  psp_tokenization: true,
  network_tokenization: false,
  network_transaction_id: '1234',
  is_eligible_for_mit_payment: true,
};
// A payment with a card on file as the router sends it, whole.
const BODY = {
  payment_id: PAYMENT_ID,
  merchant_id: 'merchant_1',
  status: 'succeeded',
  amount: 999,
  net_amount: 999,
  amount_capturable: 0,
  amount_received: 999,
  connector: 'stripe',
  client_secret: 'pay_x_secret_y',
  created: '2026-08-21T10:00:00.000Z',
  currency: 'USD',
  payment_method: 'card',
  profile_id: 'pro_x',
  attempt_count: 1,
  error_code: null,
  error_message: null,
  connector_transaction_id: 'pi_x',
  metadata: null,
  updated: '2026-08-21T10:00:02.000Z',
  customer_id: CUSTOMER_ID,
  setup_future_usage: 'off_session',
  off_session: null,
  payment_method_id: 'pm_6Qs1',
  payment_method_status: 'active',
  payment_method_tokenization_details: TOKENIZATION,
  network_transaction_id: '1234',
  connector_mandate_id: null,
  fingerprint: null,
  payment_method_data: {
    card: { last4: '4242', card_network: 'Visa', card_exp_month: '10', card_exp_year: '2030' },
  },
  manual_retry_allowed: false,
  expires_on: '2026-08-21T10:15:00.000Z',
  unified_code: null,
  issuer_error_code: null,
  issuer_error_message: null,
  network_details: null,
  next_action: null,
};
const DECLINED = {
  ...BODY,
  status: 'failed',
  amount_received: null,
  error_code: 'card_declined',
  error_message: 'Your card was declined.',
  error_reason: 'message - Your card was declined., decline_code - insufficient_funds',
  unified_code: 'UE_9000',
  issuer_error_code: '51',
  network_details: { network_advice_code: '24' },
};

const FIRST = {
  paymentId: PAYMENT_ID,
  customerId: CUSTOMER_ID,
  amountMinor: 999,
  currency: 'usd',
  expiresInSeconds: 86_400,
  idempotencyKey: PAYMENT_ID,
};
const SETUP = {
  paymentId: PAYMENT_ID,
  customerId: CUSTOMER_ID,
  currency: 'usd',
  expiresInSeconds: 86_400,
  idempotencyKey: PAYMENT_ID,
};
const CHARGE = {
  paymentId: PAYMENT_ID,
  customerId: CUSTOMER_ID,
  paymentMethodId: 'pm_6Qs1',
  amountMinor: 999,
  currency: 'usd',
  idempotencyKey: PAYMENT_ID,
};

let server: TinyServer;
let psp: Hyperswitch;
beforeAll(async () => {
  server = await startTinyServer();
});
beforeEach(() => {
  server.script({ body: BODY });
  psp = createHyperswitch({ baseUrl: server.url, apiKey: 'snd_very_secret', timeoutMs: 2_000 });
});
afterAll(() => server.close());

const errorAnswer = (status: number, code: string, message = 'Sorry'): ScriptedAnswer => ({
  status,
  body: { error: { type: 'invalid_request', message, code } },
});

describe('what is sent, with an explicit key', () => {
  test.each<[string, () => Promise<unknown>, object]>([
    [
      'a first payment',
      () => psp.createFirstPayment({ ...FIRST, metadata: { invoice_id: 'i1' } }),
      {
        payment_id: PAYMENT_ID,
        amount: 999,
        currency: 'USD',
        customer_id: CUSTOMER_ID,
        setup_future_usage: 'off_session',
        confirm: false,
        session_expiry: 86_400,
        metadata: { invoice_id: 'i1' },
      },
    ],
    [
      'a set-up payment',
      () => psp.createSetupPayment(SETUP),
      {
        payment_id: PAYMENT_ID,
        amount: 0,
        currency: 'USD',
        customer_id: CUSTOMER_ID,
        setup_future_usage: 'off_session',
        confirm: false,
        session_expiry: 86_400,
        payment_type: 'setup_mandate',
      },
    ],
    [
      'a charge, the buyer absent',
      () => psp.chargeCard(CHARGE),
      {
        payment_id: PAYMENT_ID,
        amount: 999,
        currency: 'USD',
        customer_id: CUSTOMER_ID,
        confirm: true,
        off_session: true,
        mit_category: 'recurring',
        recurring_details: { type: 'payment_method_id', data: 'pm_6Qs1' },
      },
    ],
  ])('%s', async (_name, call, body) => {
    expect(await call()).toMatchObject({ kind: 'payment', payment: { paymentId: PAYMENT_ID } });
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'POST', path: '/payments' });
    expect(request?.headers['idempotency-key']).toBe(PAYMENT_ID);
    expect(JSON.parse(request!.body)).toEqual(body);
  });

  test('a cancellation says why', async () => {
    server.script({ body: { ...BODY, status: 'cancelled' } });
    await psp.cancelPayment(PAYMENT_ID, 'requested_by_customer');
    expect(server.seen[0]?.path).toBe(`/payments/${PAYMENT_ID}/cancel`);
    expect(JSON.parse(server.seen[0]!.body)).toEqual({ cancellation_reason: 'requested_by_customer' });
  });

  test.each<[string, () => Promise<unknown>, new (...args: never[]) => Error]>([
    ['no key', () => psp.chargeCard({ ...CHARGE, idempotencyKey: '' }), EmptyIdempotencyKeyError],
    ['no payment id', () => psp.chargeCard({ ...CHARGE, paymentId: ' ' }), EmptyIdempotencyKeyError],
    ['no customer', () => psp.chargeCard({ ...CHARGE, customerId: '' }), EmptyIdempotencyKeyError],
    ['no card', () => psp.chargeCard({ ...CHARGE, paymentMethodId: '' }), EmptyIdempotencyKeyError],
    [
      'no customer of a first payment',
      () => psp.createFirstPayment({ ...FIRST, customerId: '' }),
      EmptyIdempotencyKeyError,
    ],
    [
      'no key of a set-up payment',
      () => psp.createSetupPayment({ ...SETUP, idempotencyKey: '' }),
      EmptyIdempotencyKeyError,
    ],
    ['a charge of nothing', () => psp.chargeCard({ ...CHARGE, amountMinor: 0 }), InvalidAmountError],
    [
      'a first payment of nothing',
      () => psp.createFirstPayment({ ...FIRST, amountMinor: 0 }),
      InvalidAmountError,
    ],
  ])('%s: nothing is sent', async (_name, call, error) => {
    await expect(call()).rejects.toThrow(error);
    expect(server.seen).toHaveLength(0);
  });
});

describe('what a payment says of the card', () => {
  const read = async (body: object) => {
    server.script({ body });
    const outcome = await psp.readPayment(PAYMENT_ID);
    if (outcome.kind !== 'payment') throw new Error(outcome.kind);
    return outcome.payment;
  };

  test('a card on file', async () => {
    expect(await read(BODY)).toMatchObject({
      customerId: CUSTOMER_ID,
      paymentMethodId: 'pm_6Qs1',
      isChargeable: true,
      fingerprint: null,
      card: { brand: 'Visa', last4: '4242', expMonth: 10, expYear: 2030 },
      attemptCount: 1,
      isSetup: false,
      clientSecret: 'pay_x_secret_y',
      expiresAt: '2026-08-21T10:15:00.000Z',
      decline: { adviceCode: null, issuerCode: null, declineCode: null, errorCode: null, unifiedCode: null },
    });
    expect(server.seen[0]?.path).toBe(`/payments/${PAYMENT_ID}?force_sync=true`);
  });

  test('a payment without any of it, as an order’s', async () => {
    const { payment_id, status, amount, currency } = BODY;
    expect(await read({ payment_id, status, amount, currency })).toMatchObject({
      customerId: null,
      paymentMethodId: null,
      isChargeable: false,
      fingerprint: null,
      card: null,
      attemptCount: 1,
      isSetup: false,
      expiresAt: null,
    });
  });

  test.each<[string, object, boolean]>([
    ['all three', {}, true],
    ['eligible is not said', { payment_method_tokenization_details: { payment_method_id: 'pm_6Qs1' } }, true],
    ['no tokenization details', { payment_method_tokenization_details: null }, true],
    ['eligible: null', { payment_method_tokenization_details: { is_eligible_for_mit_payment: null } }, true],
    ['not eligible', { payment_method_tokenization_details: { is_eligible_for_mit_payment: false } }, false],
    [
      'eligible: a word',
      { payment_method_tokenization_details: { is_eligible_for_mit_payment: 'yes' } },
      false,
    ],
    ['no card was kept', { payment_method_id: null }, false],
    ['an empty id', { payment_method_id: ' ' }, false],
    ['an id that no row can hold', { payment_method_id: `pm_${'x'.repeat(300)}` }, false],
    ['inactive', { payment_method_status: 'inactive' }, false],
    ['still processing', { payment_method_status: 'processing' }, false],
    ['awaits data', { payment_method_status: 'awaiting_data' }, false],
    ['no status', { payment_method_status: null }, false],
  ])('charged later: %s', async (_name, said, isChargeable) => {
    expect((await read({ ...BODY, ...said })).isChargeable).toBe(isChargeable);
  });

  test.each<[string, object, boolean]>([
    ['amount 0', { amount: 0, amount_received: null }, true],
    ['its type', { payment_type: 'setup_mandate' }, true],
    ['a charge', { payment_type: 'recurring_mandate' }, false],
  ])('a set-up payment: %s', async (_name, said, isSetup) => {
    expect((await read({ ...BODY, ...said })).isSetup).toBe(isSetup);
  });

  test.each<[string, object, object]>([
    [
      'a short year',
      { last4: '4242', card_exp_month: '1', card_exp_year: '31' },
      { expMonth: 1, expYear: 2031 },
    ],
    [
      'a month that is none',
      { card_exp_month: '13', card_exp_year: 'soon' },
      { expMonth: null, expYear: null },
    ],
    ['nothing', {}, { brand: null, last4: null, expMonth: null, expYear: null }],
  ])('the card: %s', async (_name, card, expected) => {
    expect((await read({ ...BODY, payment_method_data: { card } })).card).toMatchObject(expected);
  });

  test('a router that retries by itself, and one that shows fingerprints', async () => {
    expect(await read({ ...BODY, attempt_count: 3, fingerprint: 'f0123456789abcdef012' })).toMatchObject({
      attemptCount: 3,
      fingerprint: 'f0123456789abcdef012',
    });
  });

  test.each<[string, object, object]>([
    [
      'all of it',
      {},
      {
        status: 'failed',
        adviceCode: '24',
        issuerCode: '51',
        declineCode: 'insufficient_funds',
        errorCode: 'card_declined',
        unifiedCode: 'UE_9000',
      },
    ],
    [
      'the word in the message',
      { error_reason: null, error_message: 'message - No., decline_code - lost_card' },
      { declineCode: 'lost_card' },
    ],
    ['no word', { error_reason: 'Your card has expired.' }, { declineCode: null }],
    [
      'other shapes',
      { network_details: 'x', error_code: 7, issuer_error_code: {} },
      { adviceCode: null, errorCode: null, issuerCode: null },
    ],
  ])('why it was declined: %s', async (_name, said, decline) => {
    expect((await read({ ...DECLINED, ...said })).decline).toMatchObject(decline);
  });

  test('nothing about a card makes a payment unreadable', async () => {
    const odd = {
      customer_id: 7,
      payment_method_data: [],
      expires_on: 'soon',
      attempt_count: 'many',
      fingerprint: {},
    };
    expect(await read({ ...BODY, ...odd })).toMatchObject({
      status: 'succeeded',
      customerId: null,
      card: null,
      expiresAt: null,
      attemptCount: 1,
      fingerprint: null,
    });
  });
});

describe('a refusal', () => {
  test.each(['HE_02', 'IR_16', 'IR_39', 'IR_04', 'HE_03', 'IR_14'])(
    '%s of a charge, with its code',
    async (code) => {
      server.script(errorAnswer(code === 'HE_02' ? 404 : 400, code));
      expect(await psp.chargeCard(CHARGE)).toMatchObject({ kind: 'refused', code, tells: 'nothing' });
    },
  );

  test('HE_01 of a charge tells that there is a payment under the id', async () => {
    server.script(errorAnswer(400, 'HE_01'));
    expect(await psp.chargeCard(CHARGE)).toMatchObject({ kind: 'refused', code: 'HE_01', tells: 'exists' });
  });

  test.each(['IR_14', 'IR_16'])('%s of a cancellation is of the status', async (code) => {
    server.script(errorAnswer(400, code));
    expect(await psp.cancelPayment(PAYMENT_ID)).toMatchObject({ kind: 'refused', code, tells: 'state' });
  });

  test.each<[string, ScriptedAnswer, object]>([
    ['404 HE_02: there is none', errorAnswer(404, 'HE_02'), { kind: 'not_found' }],
    [
      '422: nobody knows',
      errorAnswer(422, 'IR_26', 'no customer id provided for the payment'),
      { kind: 'unknown', httpStatus: 422, reason: 'HTTP 422 IR_26: no customer id provided for the payment' },
    ],
    ['422 HE_02', errorAnswer(422, 'HE_02'), { kind: 'unknown' }],
    ['400 HE_02', errorAnswer(400, 'HE_02'), { kind: 'unknown' }],
    ['404 HE_04', errorAnswer(404, 'HE_04'), { kind: 'unknown' }],
    ['400 IR_16', errorAnswer(400, 'IR_16'), { kind: 'unknown' }],
    ['a bad key', errorAnswer(401, 'IR_01'), { kind: 'unauthorized' }],
  ])('of a look-up, %s', async (_name, answer, outcome) => {
    server.script(answer);
    expect(await psp.readPayment(PAYMENT_ID)).toMatchObject(outcome);
  });
});

describe('the event of a payment carries the same', () => {
  const event = (object: object) =>
    parseHyperswitchEvent({
      event_id: 'evt_1',
      event_type: 'payment_x',
      content: { type: 'payment_details', object },
    });

  test('a card on file', () => {
    expect(event({ ...BODY, fingerprint: 'f0123456789abcdef012', attempt_count: 2 })).toMatchObject({
      subject: 'payment',
      verdict: 'succeeded',
      customerId: CUSTOMER_ID,
      paymentMethodId: 'pm_6Qs1',
      isChargeable: true,
      fingerprint: 'f0123456789abcdef012',
      card: { brand: 'Visa', last4: '4242', expMonth: 10, expYear: 2030 },
      attemptCount: 2,
      expiresAt: '2026-08-21T10:15:00.000Z',
    });
    expect(event(BODY)).not.toHaveProperty('decline');
    expect(event(BODY)).not.toHaveProperty('clientSecret');
  });

  test('a set-up payment, and a decline', () => {
    expect(event({ ...BODY, amount: 0, amount_received: null })).toMatchObject({ isSetup: true });
    expect(event(DECLINED)).toMatchObject({
      verdict: 'failed',
      decline: { status: 'failed', declineCode: 'insufficient_funds', issuerCode: '51', adviceCode: '24' },
    });
    expect(event({ ...BODY, status: 'requires_customer_action' })).toMatchObject({
      verdict: 'waiting',
      decline: { status: 'requires_customer_action' },
    });
  });

  test.each<[string, object]>([
    ['a card on file', BODY],
    ['a decline', DECLINED],
    ['a set-up payment', { ...BODY, amount: 0, amount_received: null }],
    ['an order’s', { payment_id: PAYMENT_ID, status: 'succeeded', amount: 1, currency: 'USD' }],
  ])('as the one that is made of a look-up: %s', async (_name, body) => {
    server.script({ body });
    const found = await psp.readPayment(PAYMENT_ID);
    if (found.kind !== 'payment') throw new Error(found.kind);
    const { status } = found.payment;
    const told = parseHyperswitchEvent({ event_type: `payment_${status}`, content: { object: body } });
    expect(paymentEvent(found.payment)).toEqual(told);
  });
});
