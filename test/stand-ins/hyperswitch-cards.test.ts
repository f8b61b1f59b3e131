import { describe, expect, test } from 'vitest';
import { TEST_CARDS } from '../../stand-ins/hyperswitch/index.ts';
import { charge, confirm, FIRST, onFile, SETUP, told } from './card-stories.ts';
import { hyperswitchWorld } from './hyperswitch-harness.ts';

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
