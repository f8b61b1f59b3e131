import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type HyperswitchSandbox,
  startHyperswitchSandbox,
  TEST_CARDS,
} from '../../stand-ins/hyperswitch/index.ts';
import { charge, confirm, FIRST, onFile, SETUP, told } from './card-stories.ts';
import { API_KEY, hyperswitchWorld, WEBHOOK_SECRET } from './hyperswitch-harness.ts';

describe('a charge, the buyer absent', () => {
  test('succeeds at once, and says so by webhook', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    const charged = await world.call('POST', '/payments', charge('c', id));
    expect(charged).toMatchObject({
      status: 200,
      body: {
        status: 'succeeded',
        amount_received: 999,
        customer_id: 'u1',
        off_session: true,
        setup_future_usage: null,
        payment_method_id: id,
        payment_method_status: 'active',
        payment_method_data: { card: { last4: '4242' } },
        attempt_count: 1,
      },
    });
    await world.control.waitForDelivery((d) => d.objectId === 'c' && d.type === 'payment_succeeded');
    expect(world.control.payment('c')).toMatchObject({ status: 'succeeded' });
  });

  test('…0341: the first payment passes, every charge is declined', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', FIRST);
    const first = await confirm(world, 'first', TEST_CARDS.declinesLater);
    expect(first.body).toMatchObject({ status: 'succeeded', payment_method_status: 'active' });
    const id = String(first.body['payment_method_id']);
    for (const paymentId of ['c1', 'c2'])
      expect((await world.call('POST', '/payments', charge(paymentId, id))).body).toMatchObject({
        status: 'failed',
        error_reason: expect.stringContaining('generic_decline'),
      });
  });

  test('…3184: always wants the buyer', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world, TEST_CARDS.wantsBuyer);
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'requires_customer_action',
      amount_received: null,
      next_action: { type: 'redirect_to_url' },
    });
    await world.control.waitForDelivery((d) => d.objectId === 'c' && d.type === 'action_required');
    const cancelled = await world.call('POST', '/payments/c/cancel', { cancellation_reason: 'abandoned' });
    expect(cancelled.body).toMatchObject({ status: 'cancelled', cancellation_reason: 'abandoned' });
  });

  test('is processed first, where the connector always does so, until a control settles it', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.setChargeMode('processing');
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'processing',
      amount_received: null,
    });
    await world.control.idle();
    expect((await world.call('GET', '/payments/c?force_sync=true')).body).toMatchObject({
      status: 'processing',
    });
    expect(await world.call('POST', '/payments/c/cancel')).toMatchObject({
      status: 400,
      error: { code: 'IR_14' },
    });
    expect(world.control.settleCharge('c')).toMatchObject({ status: 'succeeded', amount_received: 999 });
    expect(() => world.control.settleCharge('c')).toThrow('waits for nothing');
    await world.control.idle();
    expect(told(world, 'c')).toEqual(['payment_processing', 'payment_succeeded']);
  });

  test.each([
    ['succeeded', 'payment_succeeded'],
    ['failed', 'payment_failed'],
    ['requires_customer_action', 'action_required'],
  ] as const)('is processed for a time that a fault sets, and then: %s', async (endsAs, event) => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    const words = { declineCode: 'insufficient_funds', issuerCode: '51', adviceCode: '24' };
    world.control.addFault({
      kind: 'chargeOutcome',
      outcome: 'processing',
      settlesAfterMs: 20,
      endsAs,
      ...words,
    });
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'processing',
    });
    await world.control.waitForDelivery((d) => d.objectId === 'c' && d.type === event);
    expect(world.control.payment('c')).toMatchObject({
      status: endsAs,
      ...(endsAs === 'failed' && {
        issuer_error_code: '51',
        network_details: { network_advice_code: '24' },
        error_reason: expect.stringContaining('insufficient_funds'),
      }),
    });
  });

  test('goes on being processed after a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'veza-cards-'));
    const started: HyperswitchSandbox[] = [];
    const start = async () => {
      const sandbox = await startHyperswitchSandbox({
        apiKey: API_KEY,
        webhookSecret: WEBHOOK_SECRET,
        webhookUrl: 'http://127.0.0.1:9/nobody',
        stateFile: join(folder, 'psp.json'),
      });
      started.push(sandbox);
      return sandbox;
    };
    onTestFinished(async () => {
      await Promise.all(started.map((sandbox) => sandbox.close()));
      rmSync(folder, { recursive: true });
    });
    const post = async (sandbox: HyperswitchSandbox, body: object) => {
      const headers = { 'api-key': API_KEY, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await fetch(`${sandbox.url}/payments`, init)).json() as Promise<Record<string, unknown>>;
    };
    const before = await start();
    await post(before, FIRST);
    const { payment_method_id: id } = before.control.pay('first', { card: TEST_CARDS.lost });
    before.control.setFingerprint(TEST_CARDS.lost, 'f0123456789abcdef012');
    before.control.addFault({ kind: 'chargeOutcome', outcome: 'processing', settlesAfterMs: 1 });
    before.control.addFault({ kind: 'chargeOutcome', outcome: 'processing' });
    await post(before, charge('soon', id!));
    await post(before, charge('days', id!));
    await before.close();

    const after = await start();
    expect(after.control.method(id!)).toMatchObject({ customer_id: 'u1', card: { last4: '9987' } });
    expect(after.control.customers()).toMatchObject([{ customer_id: 'u1' }]);
    await after.control.waitForDelivery((d) => d.objectId === 'soon' && d.type === 'payment_failed', {
      state: 'any',
    });
    expect(after.control.payment('days').status).toBe('processing');
    expect(after.control.settleCharge('days')).toMatchObject({ status: 'failed' });
    after.control.setFingerprints(true);
    expect(await post(after, charge('c', id!))).toMatchObject({ fingerprint: 'f0123456789abcdef012' });
  });

  test('a payment that fails twice says so once', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world, TEST_CARDS.lost);
    await world.call('POST', '/payments', charge('c', id));
    world.control.fail('c', 'Your card was declined.', { declineCode: 'lost_card' });
    await world.control.idle();
    expect(told(world, 'c')).toEqual(['payment_failed']);
  });

  test('a router that retries by itself says so in attempt_count', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world, TEST_CARDS.lost);
    world.control.setAutoRetries(2);
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({ attempt_count: 3 });
    world.control.setAttemptCount('c', 5);
    expect((await world.call('GET', '/payments/c')).body).toMatchObject({ attempt_count: 5 });
  });
});

describe('a charge is refused', () => {
  const OTHERS = { type: 'payment_method_id', data: 'pm_of_nobody' };

  test.each<[string, object, number, string]>([
    ['payment_id used before', { payment_id: 'first' }, 400, 'HE_01'],
    ['payment method unknown', { recurring_details: OTHERS }, 404, 'HE_02'],
    ['customer unknown', { customer_id: 'nobody' }, 404, 'HE_02'],
    ['confirm not true', { confirm: false }, 400, 'IR_16'],
    ['off_session not true', { off_session: false }, 400, 'IR_16'],
    ['another customer’s method', { customer_id: 'u2' }, 400, 'IR_16'],
    ['recurring_details and payment_token', { payment_token: 'token_1' }, 400, 'IR_16'],
    ['recurring_details and mandate_id', { mandate_id: 'man_1' }, 400, 'IR_16'],
    ['amount too high', { amount: 1_000_000_000 }, 400, 'IR_16'],
    ['without customer_id', { customer_id: undefined }, 400, 'IR_04'],
    ['without off_session', { off_session: undefined }, 400, 'IR_04'],
    ['without confirm', { confirm: undefined }, 400, 'IR_04'],
    ['recurring_details and mandate_data', { mandate_data: {} }, 400, 'HE_03'],
    ['details of another type', { recurring_details: { type: 'mandate_id', data: 'm' } }, 400, 'IR_06'],
  ])('%s', async (_name, change, status, code) => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    await world.call('POST', '/payments', { ...SETUP, customer_id: 'u2' });
    const answer = await world.call('POST', '/payments', charge('c', id, change));
    expect(answer).toMatchObject({ status, error: { code } });
    if (code === 'HE_03') expect(answer.error['reason']).toMatch(/but got both$/);
    expect(world.control.hasPayment('c')).toBe(false);
  });

  test('no connector can charge this method without the buyer: IR_39', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.setMethod(id, { isEligible: false });
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({
      status: 400,
      error: { code: 'IR_39' },
    });
    expect((await world.call('GET', '/payments/first')).body).toMatchObject({
      payment_method_tokenization_details: { is_eligible_for_mit_payment: false },
    });
    world.control.setMethod(id, { isEligible: null });
    expect(
      (await world.call('GET', '/payments/first')).body['payment_method_tokenization_details'],
    ).not.toHaveProperty('is_eligible_for_mit_payment');
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'succeeded',
    });
  });

  test('setup_future_usage without customer: IR_16', async () => {
    const world = await hyperswitchWorld();
    expect(await world.call('POST', '/payments', { ...FIRST, customer_id: undefined })).toMatchObject({
      status: 400,
      error: { code: 'IR_16' },
    });
  });

  test('the id stays used, whatever became of the payment', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world, TEST_CARDS.lost);
    for (const paymentId of ['first', 'failed', 'cancelled']) {
      if (paymentId === 'failed') await world.call('POST', '/payments', charge('failed', id));
      if (paymentId === 'cancelled') {
        await world.call('POST', '/payments', { ...FIRST, payment_id: 'cancelled' });
        await world.call('POST', '/payments/cancelled/cancel');
      }
      expect(await world.call('POST', '/payments', charge(paymentId, id))).toMatchObject({
        status: 400,
        error: { code: 'HE_01' },
      });
    }
  });

  test('and leaves a payment behind that cannot be read', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    const where = { payment_id: 'c' };
    world.control.addFault({
      kind: 'chargeOutcome',
      outcome: 'refused',
      code: 'IR_39',
      leavesPayment: true,
      where,
    });
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({
      status: 400,
      error: { code: 'IR_39' },
    });
    expect(await world.call('GET', '/payments/c?force_sync=true')).toMatchObject({
      status: 422,
      error: { message: 'no customer id provided for the payment' },
    });
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({
      error: { code: 'HE_01' },
    });
    world.control.pay('c');
    await world.control.waitForDelivery((d) => d.objectId === 'c' && d.type === 'payment_succeeded');
    expect(await world.call('GET', '/payments/c')).toMatchObject({ status: 422 });
    world.control.setReadable('c', true);
    expect((await world.call('GET', '/payments/c')).body).toMatchObject({ status: 'succeeded' });
  });

  test('and leaves nothing behind, by a fault', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.addFault({ kind: 'chargeOutcome', outcome: 'refused', code: 'HE_03' });
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({
      error: { code: 'HE_03' },
    });
    expect(await world.call('GET', '/payments/c')).toMatchObject({ status: 404, error: { code: 'HE_02' } });
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'succeeded',
    });
  });
});

describe('charges have the faults of every call', () => {
  test('the answer is lost: the card was charged, and the id is used', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.addFault({ kind: 'dropAfter', match: 'payments.create' });
    await expect(world.call('POST', '/payments', charge('c', id))).rejects.toThrow();
    expect(world.control.payment('c')).toMatchObject({ status: 'succeeded', amount_received: 999 });
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({
      error: { code: 'HE_01' },
    });
    await world.control.waitForDelivery((d) => d.objectId === 'c');
  });

  test('5xx before: nothing was charged', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.addFault({ kind: 'status', status: 503, match: 'payments.create' });
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({ status: 503 });
    expect(world.control.hasPayment('c')).toBe(false);
  });

  test('the webhook comes first, twice, and held', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.addFault({ kind: 'webhookFirst', match: 'payments.create', where: { payment_id: 'c' } });
    world.control.addFault({ kind: 'duplicateWebhook', count: 1, where: { payment_id: 'c' } });
    const seen = world.receiver.received.length;
    await world.call('POST', '/payments', charge('c', id));
    expect(world.receiver.received.length).toBeGreaterThan(seen);
    world.control.addFault({ kind: 'holdWebhook', where: { payment_id: 'd' } });
    await world.call('POST', '/payments', charge('d', id));
    await world.control.idle();
    expect(world.control.deliveries().find((d) => d.objectId === 'd')?.state).not.toBe('delivered');
    await world.control.release();
    await world.control.waitForDelivery((d) => d.objectId === 'd');
  });

  test('the read side is behind', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    await world.call('POST', '/payments', charge('c', id));
    world.control.addFault({ kind: 'readLag', lagMs: 60_000, where: { id: 'c' } });
    expect(await world.call('GET', '/payments/c')).toMatchObject({ status: 404, error: { code: 'HE_02' } });
    expect((await world.call('GET', '/payments/c')).body).toMatchObject({ status: 'succeeded' });
  });

  test('a buyer’s confirmation meets them too', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', FIRST);
    const match = 'payments.confirm';
    world.control.addFault({ kind: 'chargeOutcome', outcome: 'processing', match });
    expect((await confirm(world, 'first', TEST_CARDS.good)).body).toMatchObject({ status: 'processing' });
    expect(world.control.settleCharge('first')).toMatchObject({
      status: 'succeeded',
      payment_method_status: 'active',
    });
  });
});
