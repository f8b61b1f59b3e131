import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { PAYMENT_STATUSES } from '../../stand-ins/hyperswitch/types.ts';
import { hyperswitchWorld, WEBHOOK_SECRET } from './hyperswitch-harness.ts';

test('a payment is created, paid by the buyer with the client secret, and told by a signed webhook', async () => {
  const { call, control, receiver } = await hyperswitchWorld();
  const created = await call('POST', '/payments', {
    payment_id: 'pay_1',
    amount: 6540,
    currency: 'USD',
    metadata: { order_id: 'o1' },
    some_future_field: 1,
  });
  expect(created).toMatchObject({
    status: 200,
    body: { status: 'requires_payment_method', amount_received: null },
  });

  const confirmed = await call(
    'POST',
    '/payments/pay_1/confirm',
    { client_secret: created.body['client_secret'] },
    { 'api-key': 'pk_public' },
  );
  expect(confirmed.body).toMatchObject({ status: 'succeeded', amount_received: 6540, connector: 'stripe' });

  const delivery = await control.waitForDelivery((d) => d.type === 'payment_succeeded');
  const [received] = receiver.received;
  expect(received?.headers['x-webhook-signature-512']).toBe(
    createHmac('sha512', WEBHOOK_SECRET)
      .update(received?.body ?? '')
      .digest('hex'),
  );
  expect(JSON.parse(received?.body ?? '')).toMatchObject({
    merchant_id: 'merchant_1',
    event_id: delivery.eventId,
    event_type: 'payment_succeeded',
    content: {
      type: 'payment_details',
      object: { payment_id: 'pay_1', status: 'succeeded', metadata: { order_id: 'o1' } },
    },
  });
});

test.each([
  ['the id exists', { payment_id: 'pay_1', amount: 1, currency: 'USD' }, 400, 'HE_01'],
  ['no amount', { currency: 'USD' }, 400, 'IR_04'],
  ['no currency', { amount: 1 }, 400, 'IR_04'],
  ['amount is text', { amount: '1', currency: 'USD' }, 400, 'IR_06'],
  ['not JSON', '{"amount":', 400, 'IR_06'],
])('payments are refused: %s', async (_case, body, status, code) => {
  const { call } = await hyperswitchWorld();
  await call('POST', '/payments', { payment_id: 'pay_1', amount: 1, currency: 'USD' });
  const answer = await call('POST', '/payments', body);
  expect(answer).toMatchObject({ status, error: { code } });
});

test('errors have the router’s envelope', async () => {
  const { call } = await hyperswitchWorld();
  expect((await call('GET', '/payments/nope?force_sync=true')).body).toEqual({
    error: { type: 'invalid_request', message: 'Payment does not exist in our records', code: 'HE_02' },
  });
  expect(await call('GET', '/payments/nope', undefined, { 'api-key': 'wrong' })).toMatchObject({
    status: 401,
    error: { type: 'invalid_request', code: 'IR_01' },
  });
  expect((await call('POST', '/refunds', '{')).error).toMatchObject({
    error_type: 'invalid_request',
    code: 'IR_06',
  });
  expect(await call('GET', '/nowhere')).toMatchObject({ status: 404, error: { code: 'IR_02' } });
});

test('autoPay pays by itself, and a declined card fails', async () => {
  const { call, control } = await hyperswitchWorld({ autoPay: true });
  await call('POST', '/payments', { payment_id: 'pay_1', amount: 5, currency: 'EUR' });
  await control.waitForDelivery((d) => d.type === 'payment_succeeded' && d.objectId === 'pay_1');
  const declined = await call('POST', '/payments', {
    payment_id: 'pay_2',
    amount: 5,
    currency: 'EUR',
    confirm: true,
    payment_method: 'card',
    payment_method_data: { card: { card_number: '4000000000000002' } },
  });
  expect(declined.body).toMatchObject({ status: 'failed', error_code: 'card_declined' });
  await control.waitForDelivery((d) => d.type === 'payment_failed' && d.objectId === 'pay_2');
});

test('a declined payment is tried again with another card, by whoever asks for a manual retry', async () => {
  const { call, control } = await hyperswitchWorld();
  await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'EUR' });
  const declined = await call('POST', '/payments/p/confirm', {
    payment_method_data: { card: { card_number: '4000000000000002' } },
  });
  expect(declined.body).toMatchObject({ status: 'failed', manual_retry_allowed: true, attempt_count: 1 });
  const other = { payment_method_data: { card: { card_number: '4242424242424242' } } };
  expect(await call('POST', '/payments/p/confirm', other)).toMatchObject({
    status: 400,
    error: { code: 'IR_16', message: expect.stringContaining('pass `retry_action` as `manual_retry`') },
  });
  const paid = await call('POST', '/payments/p/confirm', { ...other, retry_action: 'manual_retry' });
  expect(paid.body).toMatchObject({ status: 'succeeded', manual_retry_allowed: null, attempt_count: 2 });
  await control.idle();
  expect(control.deliveries().map((d) => d.type)).toEqual(['payment_failed', 'payment_succeeded']);

  await call('POST', '/payments', { payment_id: 'q', amount: 5, currency: 'EUR' });
  control.fail('q');
  expect((await call('GET', '/payments/q')).body).toMatchObject({ manual_retry_allowed: false });
  const refused = await call('POST', '/payments/q/confirm', { ...other, retry_action: 'manual_retry' });
  expect(refused).toMatchObject({ status: 400, error: { code: 'IR_16' } });
});

describe('a payment is cancelled', () => {
  const CANCELLABLE = [
    'requires_payment_method',
    'requires_confirmation',
    'requires_customer_action',
    'requires_capture',
  ];

  test.each(PAYMENT_STATUSES)('or not: %s', async (status) => {
    const { call, control } = await hyperswitchWorld();
    await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'EUR' });
    control.setPaymentStatus('p', status, { webhook: false });
    const answer = await call('POST', '/payments/p/cancel', { cancellation_reason: 'abandoned' });
    await control.idle();
    const told = control.deliveries().map((d) => d.type);
    if (CANCELLABLE.includes(status)) {
      expect(answer.body).toMatchObject({ status: 'cancelled', cancellation_reason: 'abandoned' });
      expect(told).toEqual(['payment_cancelled']);
    } else {
      const message = `You cannot cancel this payment because it has status ${status}`;
      expect(answer).toMatchObject({ status: 400, error: { code: 'IR_14', message } });
      expect(control.payment('p').status).toBe(status);
      expect(told).toEqual([]);
    }
  });

  test('a payment is cancelled once only, and an unknown one is 404', async () => {
    const { call } = await hyperswitchWorld();
    await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'EUR' });
    expect((await call('POST', '/payments/p/cancel')).body).toMatchObject({ status: 'cancelled' });
    expect(await call('POST', '/payments/p/cancel')).toMatchObject({ status: 400, error: { code: 'IR_14' } });
    expect(await call('POST', '/payments/q/cancel')).toMatchObject({ status: 404, error: { code: 'HE_02' } });
  });

  test('by a call whose answer is lost', async () => {
    const { call, control } = await hyperswitchWorld();
    await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'EUR' });
    control.addFault({ kind: 'dropAfter', match: 'payments.cancel' });
    await expect(call('POST', '/payments/p/cancel')).rejects.toThrow();
    expect(control.payment('p').status).toBe('cancelled');
  });

  test('unless the money was faster', async () => {
    const { call, control } = await hyperswitchWorld();
    await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'EUR' });
    control.addFault({ kind: 'paidFirst', where: { id: 'p' } });
    expect(await call('POST', '/payments/p/cancel')).toMatchObject({ status: 400, error: { code: 'IR_14' } });
    expect(control.payment('p')).toMatchObject({ status: 'succeeded', amount_received: 5 });
    await control.waitForDelivery((d) => d.type === 'payment_succeeded');
  });
});

test('every transition has its event, once', async () => {
  const { call, control } = await hyperswitchWorld();
  await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'EUR' });
  control.processing('p');
  control.fail('p', 'declined');
  control.cancel('p');
  control.expire('p');
  control.pay('p', { amountReceivedMinor: 4, currency: 'USD' });
  control.cancelPostCapture('p');
  control.pay('p');
  await control.idle();
  expect(control.deliveries().map((d) => d.type)).toEqual([
    'payment_processing',
    'payment_failed',
    'payment_cancelled',
    'payment_expired',
    'payment_succeeded',
    'payment_cancelled_post_capture',
  ]);
  expect(JSON.parse(control.deliveries()[4]?.body ?? '')).toMatchObject({
    content: { object: { amount: 5, amount_received: 4, currency: 'USD' } },
  });
});

test('disputes open and end with dispute_details', async () => {
  const { paid, control, receiver } = await hyperswitchWorld();
  await paid('p', 6540);
  const { dispute_id } = control.openDispute('p');
  await control.waitForDelivery((d) => d.type === 'dispute_opened');
  expect(JSON.parse(receiver.received.at(-1)?.body ?? '')).toMatchObject({
    event_type: 'dispute_opened',
    content: {
      type: 'dispute_details',
      object: { dispute_id, payment_id: 'p', amount: '6540', dispute_stage: 'dispute' },
    },
  });
  control.closeDispute(dispute_id, 'won');
  await control.waitForDelivery((d) => d.type === 'dispute_won');
});

test('more calls in a second than the merchant may make are refused, of each operation alone', async () => {
  const { call, control } = await hyperswitchWorld();
  const create = (id: string) => call('POST', '/payments', { payment_id: id, amount: 100, currency: 'USD' });
  control.setRateLimit(2);
  await create('pay_1');
  await create('pay_2');
  expect(await create('pay_3')).toMatchObject({ status: 429, body: { error: { code: 'HE_00' } } });
  expect(control.hasPayment('pay_3')).toBe(false);
  expect(await call('GET', '/payments/pay_1')).toMatchObject({ status: 200 });
  control.setRateLimit(null);
  expect(await create('pay_3')).toMatchObject({ status: 200 });
});

test.each([
  ['KWD', 5_131, 5_130],
  ['ISK', 1_150, 1_100],
  ['UGX', 501, 500],
])(
  'an amount off the grain of %s is taken by the router and refused by the connector',
  async (currency, off, on) => {
    const { call, control } = await hyperswitchWorld();
    const create = (payment_id: string, amount: number) =>
      call('POST', '/payments', { payment_id, amount, currency });
    expect(await create('off', off)).toMatchObject({
      status: 200,
      body: { status: 'requires_payment_method', amount: off },
    });
    expect(control.pay('off')).toMatchObject({
      status: 'failed',
      amount_received: null,
      error_code: 'parameter_invalid_integer',
      error_message: expect.stringContaining(currency),
    });
    await create('on', on);
    expect(control.pay('on')).toMatchObject({ status: 'succeeded', amount_received: on });
  },
);
