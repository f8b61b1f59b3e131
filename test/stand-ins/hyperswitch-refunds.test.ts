import { expect, test } from 'vitest';
import { hyperswitchWorld } from './hyperswitch-harness.ts';

const reason = 'requested_by_customer';

test('a refund is answered pending, settles, and is told', async () => {
  const { call, control, paid, refund } = await hyperswitchWorld();
  await paid('p');
  const asked = await refund({ payment_id: 'p', refund_id: 'r1', amount: 654, reason, metadata: { a: 'b' } });
  expect(asked).toMatchObject({
    status: 200,
    body: { status: 'pending', amount: 654, metadata: { a: 'b' }, reason },
  });
  const { body } = await control.waitForDelivery((d) => d.type === 'refund_succeeded');
  expect(JSON.parse(body)).toMatchObject({
    content: { type: 'refund_details', object: { refund_id: 'r1', status: 'succeeded' } },
  });
  const found = await call('GET', '/refunds/r1?force_sync=true');
  expect(found.body).toMatchObject({
    status: 'succeeded',
    currency: 'USD',
    connector_refund_id: expect.stringMatching(/^re_/),
  });
  expect((await call('GET', '/payments/p')).body).toMatchObject({
    status: 'succeeded',
    refunds: [{ refund_id: 'r1' }],
  });
});

test('the amount and the count are checked before the duplicate id', async () => {
  const { control, paid, refund } = await hyperswitchWorld({ refundMode: 'manual' });
  await paid('p', 100);
  await refund({ payment_id: 'p', refund_id: 'full' });
  expect(await refund({ payment_id: 'p', refund_id: 'full' })).toMatchObject({
    status: 400,
    error: { code: 'IR_13' },
  });
  control.settleRefund('full', 'failed', 'bank said no');
  // A failed one reserves nothing, so now its id is what is in the way.
  expect(await refund({ payment_id: 'p', refund_id: 'full' })).toMatchObject({
    status: 400,
    error: {
      code: 'HE_01',
      message: 'Duplicate refund request. Refund already attempted with the refund ID',
    },
  });
});

test('eleven refunds pass, failed ones counted; the twelfth is IR_12', async () => {
  const { control, paid, refund } = await hyperswitchWorld();
  await paid('p', 1_000);
  control.addFault({ kind: 'refundOutcome', outcome: 'failed', times: 3 });
  for (let n = 1; n <= 11; n += 1) {
    expect(await refund({ payment_id: 'p', refund_id: `r${n}`, amount: 1 })).toMatchObject({ status: 200 });
  }
  expect(await refund({ payment_id: 'p', refund_id: 'r1', amount: 1 })).toMatchObject({
    status: 400,
    error: { code: 'IR_12' },
  });
});

test.each([
  ['unknown payment', { payment_id: 'nope' }, 404, 'HE_02'],
  ['unpaid payment', { payment_id: 'unpaid' }, 400, 'IR_14'],
  ['no successful attempt', { payment_id: 'odd' }, 404, 'HE_04'],
  ['amount 0', { payment_id: 'p', amount: 0 }, 422, 'IR_05'],
  ['id too long', { payment_id: 'p', refund_id: 'x'.repeat(65) }, 422, 'IR_05'],
  ['too old', { payment_id: 'old' }, 422, 'IR_05'],
  ['over the captured amount', { payment_id: 'p', amount: 101 }, 400, 'IR_13'],
  ['method', { payment_id: 'voucher' }, 422, 'IR_06'],
  ['unknown field', { payment_id: 'p', order_id: 'o' }, 400, 'IR_06'],
])('refunds are refused: %s', async (_case, body, status, code) => {
  const { call, control, paid, refund } = await hyperswitchWorld();
  await paid('p', 100);
  await paid('old', 100);
  control.agePayment('old', 366);
  await paid('voucher', 100);
  control.setMethodRefundable('voucher', false);
  for (const id of ['unpaid', 'odd'])
    await call('POST', '/payments', { payment_id: id, amount: 100, currency: 'USD' });
  control.setPaymentStatus('odd', 'succeeded', { webhook: false });
  expect(await refund(body)).toMatchObject({ status, error: { code } });
  expect(control.refunds()).toEqual([]);
});

test('free text as a reason fails at Stripe: HTTP 200, failed', async () => {
  const { control, paid, refund } = await hyperswitchWorld();
  await paid('p');
  expect(await refund({ payment_id: 'p', refund_id: 'r', reason: 'did not like it' })).toMatchObject({
    status: 200,
    body: { status: 'failed', error_code: 'invalid_request_error' },
  });
  await control.waitForDelivery((d) => d.type === 'refund_failed');
});

test('ordered outcomes: sync success, pending with error fields found out by force_sync, review, refusal', async () => {
  const { call, control, paid, refund } = await hyperswitchWorld();
  await paid('p', 1_000);
  control.addFault({ kind: 'refundOutcome', outcome: 'succeeded', where: { refund_id: 'a' } });
  control.addFault({
    kind: 'refundOutcome',
    outcome: 'pending',
    atConnector: 'succeeded',
    where: { refund_id: 'b' },
  });
  control.addFault({ kind: 'refundOutcome', outcome: 'review', where: { refund_id: 'c' } });
  control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'CE_06', where: { refund_id: 'd' } });
  const ask = async (id: string) => refund({ payment_id: 'p', refund_id: id, amount: 1 });
  expect((await ask('a')).body).toMatchObject({ status: 'succeeded' });
  expect(await ask('b')).toMatchObject({
    status: 200,
    body: { status: 'pending', error_code: '500', unified_code: 'UE_9000' },
  });
  expect((await ask('c')).body).toMatchObject({ status: 'review', error_code: 'IE' });
  expect(await ask('d')).toMatchObject({ status: 400, error: { type: 'connector', code: 'CE_06' } });
  await control.idle();
  // No webhook for pending or review.
  expect(control.deliveries().map((d) => d.objectId)).toEqual(['p', 'a']);
  expect((await call('GET', '/refunds/b')).body).toMatchObject({ status: 'pending' });
  expect((await call('GET', '/refunds/b?force_sync=true')).body).toMatchObject({
    status: 'succeeded',
    error_code: null,
  });
  await control.waitForDelivery((d) => d.objectId === 'b');
  expect(await call('GET', '/refunds/d')).toMatchObject({ status: 404, error: { code: 'HE_02' } });
});

test('a settled refund can flip: the bank returns the money', async () => {
  const { control, paid, refund } = await hyperswitchWorld();
  await paid('p');
  await refund({ payment_id: 'p', refund_id: 'r' });
  await control.waitForDelivery((d) => d.type === 'refund_succeeded');
  const before = control.refund('r');
  const after = control.settleRefund('r', 'failed', 'returned by bank');
  expect(after.updated_at > before.updated_at).toBe(true);
  await control.waitForDelivery((d) => d.type === 'refund_failed');
});

test('a refund made in the dashboard reserves its amount and is told', async () => {
  const { control, paid, refund } = await hyperswitchWorld();
  await paid('p', 100);
  const external = control.createExternalRefund('p', 60);
  await control.waitForDelivery((d) => d.objectId === external.refund_id);
  expect(await refund({ payment_id: 'p', refund_id: 'ours', amount: 50 })).toMatchObject({
    error: { code: 'IR_13' },
  });
});

test('a payment lists its refunds in pages, the newest first, also those of the dashboard', async () => {
  const { call, control, paid, refund } = await hyperswitchWorld();
  await paid('p', 1_000);
  await paid('q', 1_000);
  await refund({ payment_id: 'q', refund_id: 'of q', amount: 1 });
  await refund({ payment_id: 'p', refund_id: 'ours', amount: 1 });
  const made = control.createExternalRefund('p', 2, { webhook: false });
  const page = async (ask: object) => (await call('POST', '/refunds/list', { payment_id: 'p', ...ask })).body;
  expect(await page({})).toMatchObject({
    count: 2,
    total_count: 2,
    data: [{ refund_id: made.refund_id }, { refund_id: 'ours' }],
  });
  expect(await page({ limit: 1, offset: 1 })).toMatchObject({
    count: 1,
    total_count: 2,
    data: [{ refund_id: 'ours' }],
  });
  expect(await page({ payment_id: 'unheard of' })).toEqual({ count: 0, total_count: 0, data: [] });
  expect(await page({ limit: 101 })).toMatchObject({
    error: { code: 'IR_06', message: 'limit should be in between 1 and 100' },
  });
});

test('an amount off the grain of the currency is taken by the router and refused by the connector', async () => {
  const { call, control, refund } = await hyperswitchWorld();
  await call('POST', '/payments', { payment_id: 'p', amount: 5_130, currency: 'KWD' });
  control.pay('p');
  expect(await refund({ payment_id: 'p', refund_id: 'off', amount: 1_234 })).toMatchObject({
    status: 200,
    body: {
      status: 'failed',
      error_code: 'parameter_invalid_integer',
      error_message: expect.stringContaining('KWD'),
    },
  });
  await control.waitForDelivery((d) => d.type === 'refund_failed');
  // It reserves nothing.
  expect(await refund({ payment_id: 'p', refund_id: 'on' })).toMatchObject({
    status: 200,
    body: { status: 'pending', amount: 5_130 },
  });
});

test.each([
  ['half', 0.5, 500],
  ['more, as far as it was captured', 3, 1_500],
])('the connector gives back another amount: %s', async (_case, doneShare, done) => {
  const { control, paid, refund } = await hyperswitchWorld();
  await paid('p', 1_500);
  control.addFault({ kind: 'refundOutcome', outcome: 'succeeded', doneShare });
  expect(await refund({ payment_id: 'p', refund_id: 'r', amount: 1_000 })).toMatchObject({
    status: 200,
    body: { status: 'succeeded', amount: done },
  });
  const { body } = await control.waitForDelivery((d) => d.type === 'refund_succeeded');
  expect(JSON.parse(body)).toMatchObject({ content: { object: { refund_id: 'r', amount: done } } });
});
