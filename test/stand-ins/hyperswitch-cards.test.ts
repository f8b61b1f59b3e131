import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type HyperswitchSandbox,
  startHyperswitchSandbox,
  TEST_CARDS,
} from '../../stand-ins/hyperswitch/index.ts';
import { API_KEY, hyperswitchWorld, WEBHOOK_SECRET, type World } from './hyperswitch-harness.ts';

const ACCEPTANCE = {
  acceptance_type: 'online',
  accepted_at: '2026-08-21T10:00:00.000Z',
  online: { ip_address: '127.0.0.1', user_agent: 'test' },
};

const FIRST = {
  payment_id: 'first',
  amount: 999,
  currency: 'USD',
  customer_id: 'u1',
  setup_future_usage: 'off_session',
  confirm: false,
  session_expiry: 86_400,
};
const SETUP = { ...FIRST, payment_id: 'setup', amount: 0, payment_type: 'setup_mandate' };

const charge = (paymentId: string, methodId: string, more: object = {}) => ({
  payment_id: paymentId,
  amount: 999,
  currency: 'USD',
  customer_id: 'u1',
  confirm: true,
  off_session: true,
  mit_category: 'recurring',
  recurring_details: { type: 'payment_method_id', data: methodId },
  ...more,
});

/** The buyer's browser: no API key but the client secret. */
async function confirm({ call, control }: World, paymentId: string, card: string, more: object = {}) {
  const body = {
    client_secret: control.payment(paymentId).client_secret,
    payment_method: 'card',
    payment_method_data: {
      card: { card_number: card, card_exp_month: '10', card_exp_year: '2030', card_cvc: '737' },
    },
    customer_acceptance: ACCEPTANCE,
    ...more,
  };
  return call('POST', `/payments/${paymentId}/confirm`, body, { 'api-key': 'pk_public' });
}

/** A card on file of `u1`, kept by its first payment. */
async function onFile(world: World, card: string = TEST_CARDS.good): Promise<string> {
  await world.call('POST', '/payments', FIRST);
  const { payment_method_id } = world.control.pay('first', { card });
  await world.control.idle();
  if (payment_method_id === null) throw new Error('the card was not kept');
  return payment_method_id;
}

const told = ({ control }: World, paymentId: string) =>
  control.deliveries().flatMap((d) => (d.objectId === paymentId ? [d.type] : []));

describe('a first payment, the buyer present', () => {
  test('waits for the browser, is paid, and keeps the card', async () => {
    const world = await hyperswitchWorld();
    const created = await world.call('POST', '/payments', FIRST);
    expect(created).toMatchObject({
      status: 200,
      body: {
        status: 'requires_payment_method',
        customer_id: 'u1',
        setup_future_usage: 'off_session',
        off_session: null,
        payment_method_id: null,
        payment_method_status: null,
        fingerprint: null,
        attempt_count: 1,
        next_action: null,
      },
    });
    const { created: at, expires_on: until } = created.body as { created: string; expires_on: string };
    expect(Date.parse(until) - Date.parse(at)).toBe(86_400_000);
    expect(world.control.customers()).toMatchObject([{ customer_id: 'u1' }]);

    const paid = await confirm(world, 'first', TEST_CARDS.good);
    const [method] = world.control.methods('u1');
    const id = method!.payment_method_id;
    expect(id).toMatch(/^pm_\w{20}$/);
    const body = {
      status: 'succeeded',
      amount_received: 999,
      customer_id: 'u1',
      payment_method_id: id,
      payment_method_status: 'active',
      payment_method_tokenization_details: {
        payment_method_id: id,
        payment_method_status: 'active',
        psp_tokenization: true,
        network_tokenization: false,
        is_eligible_for_mit_payment: true,
      },
      connector_mandate_id: null,
      payment_method_data: {
        card: { last4: '4242', card_network: 'Visa', card_exp_month: '10', card_exp_year: '2030' },
      },
      fingerprint: null,
    };
    expect(paid).toMatchObject({ status: 200, body });
    expect((await world.call('GET', '/payments/first?force_sync=true')).body).toMatchObject(body);
    await world.control.waitForDelivery((d) => d.type === 'payment_succeeded');
    const webhook = JSON.parse(world.receiver.received[0]!.body) as { content: { object: object } };
    expect(webhook.content.object).toMatchObject(body);
    // Nothing that pays at another shop is in the books.
    expect(JSON.stringify(world.control.methods())).not.toContain(TEST_CARDS.good);
  });

  test('without customer_acceptance the card is charged and not kept', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', FIRST);
    const paid = await confirm(world, 'first', TEST_CARDS.good, { customer_acceptance: undefined });
    expect(paid.body).toMatchObject({
      status: 'succeeded',
      amount_received: 999,
      payment_method_id: null,
      payment_method_status: null,
      payment_method_tokenization_details: null,
    });
    expect(world.control.methods()).toEqual([]);
  });

  test('an order’s payment, without a customer, keeps none', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', { payment_id: 'order', amount: 5, currency: 'USD' });
    expect((await confirm(world, 'order', TEST_CARDS.good)).body).toMatchObject({
      status: 'succeeded',
      customer_id: null,
      payment_method_id: null,
    });
    expect(world.control.customers()).toEqual([]);
  });

  test('the same card of the same customer has the same id, and another id of another', async () => {
    const world = await hyperswitchWorld();
    const idOf = async (paymentId: string, customerId: string, card: string) => {
      await world.call('POST', '/payments', { ...FIRST, payment_id: paymentId, customer_id: customerId });
      return (await confirm(world, paymentId, card)).body['payment_method_id'];
    };
    const id = await idOf('a', 'u1', TEST_CARDS.good);
    expect(await idOf('b', 'u1', TEST_CARDS.good)).toBe(id);
    const others = [await idOf('c', 'u1', '5555555555554444'), await idOf('d', 'u2', TEST_CARDS.good)];
    expect(new Set([id, ...others]).size).toBe(3);
    expect(world.control.methods('u1')).toHaveLength(2);
    expect(world.control.method(String(others[0])).card).toMatchObject({
      network: 'Mastercard',
      last4: '4444',
    });
  });

  test('the client secret expires after session_expiry, or 900 seconds', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', FIRST);
    const usual = await world.call('POST', '/payments', { payment_id: 'usual', amount: 1, currency: 'USD' });
    const { created, expires_on } = usual.body as { created: string; expires_on: string };
    expect(Date.parse(expires_on) - Date.parse(created)).toBe(900_000);

    expect(await confirm(world, 'first', TEST_CARDS.good, { client_secret: 'first_secret_x' })).toMatchObject(
      {
        status: 400,
        error: { code: 'IR_09' },
      },
    );
    world.control.expireSecret('first');
    expect(await confirm(world, 'first', TEST_CARDS.good)).toMatchObject({
      status: 400,
      error: { code: 'IR_08' },
    });
    expect(world.control.payment('first').status).toBe('requires_payment_method');
    for (const session_expiry of [59, 7_890_001])
      expect(await world.call('POST', '/payments', { ...SETUP, session_expiry })).toMatchObject({
        status: 422,
        error: { code: 'IR_06' },
      });
  });

  test.each([
    [TEST_CARDS.declined, 'card_declined', 'generic_decline'],
    [TEST_CARDS.insufficientFunds, 'card_declined', 'insufficient_funds'],
    [TEST_CARDS.lost, 'card_declined', 'lost_card'],
    [TEST_CARDS.expired, 'expired_card', 'expired_card'],
  ])('card %s is declined: %s, %s', async (card, errorCode, declineCode) => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', FIRST);
    expect((await confirm(world, 'first', card)).body).toMatchObject({
      status: 'failed',
      error_code: errorCode,
      error_reason: expect.stringMatching(new RegExp(`^message - .+, decline_code - ${declineCode}$`)),
      manual_retry_allowed: false,
      payment_method_id: null,
      amount_received: null,
    });
    expect(world.control.methods()).toEqual([]);
    await world.control.idle();
    expect(told(world, 'first')).toEqual(['payment_failed']);
  });

  test('with manual retries, which should be off, it may be confirmed again', async () => {
    const world = await hyperswitchWorld();
    world.control.setManualRetries(true);
    await world.call('POST', '/payments', FIRST);
    expect((await confirm(world, 'first', TEST_CARDS.lost)).body).toMatchObject({
      manual_retry_allowed: true,
    });
    expect(
      (await confirm(world, 'first', TEST_CARDS.good, { retry_action: 'manual_retry' })).body,
    ).toMatchObject({ status: 'succeeded', attempt_count: 2, error_reason: null });
  });

  test('3-D Secure: the buyer is wanted, and then it is paid and the card kept', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', FIRST);
    expect((await confirm(world, 'first', TEST_CARDS.wantsBuyer)).body).toMatchObject({
      status: 'requires_customer_action',
      next_action: { type: 'redirect_to_url' },
      payment_method_id: null,
    });
    expect(world.control.pay('first')).toMatchObject({ status: 'succeeded', next_action: null });
    expect(world.control.methods('u1')).toMatchObject([{ card: { last4: '3184' } }]);
    await world.control.idle();
    expect(told(world, 'first')).toEqual(['action_required', 'payment_succeeded']);
  });
});

describe('a set-up payment', () => {
  test('keeps the card, and moves no money', async () => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', SETUP);
    expect((await confirm(world, 'setup', TEST_CARDS.good)).body).toMatchObject({
      status: 'succeeded',
      amount: 0,
      amount_received: null,
      payment_method_status: 'active',
    });
    const [method] = world.control.methods('u1');
    expect(
      (await world.call('POST', '/payments', charge('c', method!.payment_method_id))).body,
    ).toMatchObject({
      status: 'succeeded',
      amount_received: 999,
    });
    await world.control.idle();
    expect(told(world, 'setup')).toEqual(['payment_succeeded']);
  });

  test.each([
    [TEST_CARDS.declinesLater, 'card_declined', 'generic_decline'],
    [TEST_CARDS.insufficientFunds, 'card_declined', 'insufficient_funds'],
    [TEST_CARDS.lost, 'card_declined', 'lost_card'],
    [TEST_CARDS.stolen, 'card_declined', 'stolen_card'],
    [TEST_CARDS.expired, 'expired_card', 'expired_card'],
    [TEST_CARDS.processingError, 'processing_error', 'processing_error'],
  ])('with card %s gives a card on file that declines: %s, %s', async (card, errorCode, declineCode) => {
    const world = await hyperswitchWorld();
    await world.call('POST', '/payments', SETUP);
    const id = String((await confirm(world, 'setup', card)).body['payment_method_id']);
    expect(world.control.method(id)).toMatchObject({ status: 'active' });
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'failed',
      error_code: errorCode,
      error_reason: expect.stringContaining(`, decline_code - ${declineCode}`),
      issuer_error_message: declineCode,
      unified_code: 'UE_9000',
      network_details: null,
      manual_retry_allowed: false,
      amount_received: null,
      attempt_count: 1,
    });
    await world.control.waitForDelivery((d) => d.objectId === 'c' && d.type === 'payment_failed');
  });
});

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

describe('a card on file dies', () => {
  test.each([
    ['lost', 'lost_card'],
    ['stolen', 'stolen_card'],
    ['expired', 'expired_card'],
  ] as const)('%s: charges are declined with %s', async (death, declineCode) => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.killMethod(id, death);
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'failed',
      error_reason: expect.stringContaining(declineCode),
    });
  });

  test('detached: unknown to a create, until the buyer gives it again', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    world.control.killMethod(id, 'detached');
    expect(await world.call('POST', '/payments', charge('c', id))).toMatchObject({
      status: 404,
      error: { code: 'HE_02', message: 'Payment method does not exist in our records' },
    });
    expect((await world.call('GET', '/payments/first')).body).toMatchObject({
      payment_method_status: 'inactive',
    });
    await world.call('POST', '/payments', SETUP);
    expect((await confirm(world, 'setup', TEST_CARDS.good)).body).toMatchObject({
      payment_method_id: id,
      payment_method_status: 'active',
    });
    expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({
      status: 'succeeded',
    });
  });

  test('or declines with any code, is processed, wants the buyer, and is well again', async () => {
    const world = await hyperswitchWorld();
    const id = await onFile(world);
    const charged = async (paymentId: string) =>
      (await world.call('POST', '/payments', charge(paymentId, id))).body;
    world.control.setMethod(id, {
      charges: { declineCode: 'do_not_honor', issuerCode: '05', adviceCode: '21', unifiedCode: 'UE_1000' },
    });
    expect(await charged('c1')).toMatchObject({
      status: 'failed',
      error_code: 'card_declined',
      error_reason: 'message - Your card was declined., decline_code - do_not_honor',
      issuer_error_code: '05',
      network_details: { network_advice_code: '21' },
      unified_code: 'UE_1000',
    });
    world.control.setMethod(id, { charges: 'want_buyer' });
    expect(await charged('c2')).toMatchObject({ status: 'requires_customer_action' });
    world.control.setMethod(id, { charges: 'are_processed' });
    expect(await charged('c3')).toMatchObject({ status: 'processing' });
    world.control.setMethod(id, { charges: 'succeed' });
    expect(await charged('c4')).toMatchObject({
      status: 'succeeded',
      error_code: null,
      network_details: null,
    });
    world.control.setMethod(id, { status: 'inactive' });
    expect(await charged('c5')).toMatchObject({ error: { code: 'IR_39' } });
  });
});

test('a fingerprint is shown where the guard is on, the same for one card under any customer', async () => {
  const world = await hyperswitchWorld();
  world.control.setFingerprints(true);
  const fingerprint = async (paymentId: string, customer_id: string, card: string) => {
    await world.call('POST', '/payments', { ...FIRST, payment_id: paymentId, customer_id });
    return (await confirm(world, paymentId, card)).body['fingerprint'];
  };
  const one = await fingerprint('a', 'u1', TEST_CARDS.good);
  expect(one).toMatch(/^\w{20}$/);
  expect(await fingerprint('b', 'u2', TEST_CARDS.good)).toBe(one);
  expect(await fingerprint('c', 'u2', '5555555555554444')).not.toBe(one);
  world.control.setFingerprint('5555555555554444', 'f0123456789abcdef012');
  expect(await fingerprint('d', 'u3', '5555555555554444')).toBe('f0123456789abcdef012');
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

test('a person steers cards by HTTP', async () => {
  const world = await hyperswitchWorld();
  const id = await onFile(world);
  const steer = (name: string, input: object) => world.call('POST', `/_sandbox/${name}`, input);
  expect((await steer('setMethod', { methodId: id, charges: { declineCode: 'lost_card' } })).status).toBe(
    200,
  );
  expect((await world.call('POST', '/payments', charge('c', id))).body).toMatchObject({ status: 'failed' });
  expect((await steer('killMethod', { methodId: id, death: 'detached' })).body).toMatchObject({
    result: { isAttached: false },
  });
  expect((await steer('setMethod', { methodId: id, charges: { declineCod: 'x' } })).status).toBe(400);
  expect((await world.call('GET', '/_sandbox/state')).body).toMatchObject({
    customers: [{ customer_id: 'u1' }],
    methods: [{ payment_method_id: id }],
    chargeMode: 'sync',
  });
});
