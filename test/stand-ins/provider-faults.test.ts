import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { startHyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import { startStripeSandbox } from '../../stand-ins/stripe/index.ts';
import { API_KEY, hyperswitchWorld } from './hyperswitch-harness.ts';
import { startReceiver } from './receiver.ts';
import { SECRET_KEY, sdk, stripeWorld } from './stripe-harness.ts';

test('refused before acting, reset before and after acting, hung', async () => {
  const { call, control, paid, refund, sandbox } = await hyperswitchWorld();
  await paid('p', 1_000);
  const ask = (id: string) => refund({ payment_id: 'p', refund_id: id, amount: 1 });
  control.addFault({ kind: 'status', status: 503, match: 'refunds.create' });
  expect(await ask('a')).toMatchObject({ status: 503, error: { type: 'api', code: 'HE_00' } });
  control.addFault({ kind: 'dropBefore', match: 'refunds.create' });
  await expect(ask('a')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(await call('GET', '/refunds/a')).toMatchObject({ status: 404 });
  control.addFault({ kind: 'dropAfter', match: 'refunds.create', where: { refund_id: 'b' } });
  expect((await ask('a')).status).toBe(200);
  await expect(ask('b')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect((await call('GET', '/refunds/b')).status).toBe(200);
  // The webhook of an answer that was lost still comes.
  await control.waitForDelivery((d) => d.objectId === 'b');

  control.addFault({ kind: 'hang', match: 'POST /refunds' });
  control.addFault({ kind: 'timeoutAfter', match: /refunds\.create/ });
  for (const id of ['c', 'd']) {
    const body = JSON.stringify({ payment_id: 'p', refund_id: id, amount: 1 });
    const headers = { 'api-key': API_KEY };
    const asking = fetch(`${sandbox.url}/refunds`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(150),
    });
    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError' });
  }
  expect((await call('GET', '/refunds/c')).status).toBe(404);
  expect((await call('GET', '/refunds/d')).status).toBe(200);
  expect(control.requests('refunds.create').map((r) => [r.outcome, r.status, r.faults])).toEqual([
    ['answered', 503, ['status']],
    ['dropped', null, ['dropBefore']],
    ['answered', 200, []],
    ['dropped', 200, ['dropAfter']],
    ['never_answered', null, ['hang']],
    ['never_answered', 200, ['timeoutAfter']],
  ]);
  expect(control.faults()).toEqual([]);
});

test('a fault that could never fire is refused', async () => {
  const { control } = await hyperswitchWorld();
  expect(() => control.addFault({ kind: 'hang', match: 'refund.create' })).toThrow(/refunds\.create/);
});

test('a share of the webhooks is lost for good, and the seed says which', async () => {
  const lostOf = async (seed: number) => {
    const { call, control } = await hyperswitchWorld();
    const share = { share: 0.3, seed, times: 'always' } as const;
    control.addFault({ kind: 'loseWebhook', ...share });
    const ids = Array.from({ length: 100 }, (_, number) => `p${number}`);
    for (const id of ids) {
      await call('POST', '/payments', { payment_id: id, amount: 1_000, currency: 'USD' });
      control.pay(id);
    }
    await control.idle();
    const lost = control.deliveries().filter(({ state }) => state === 'lost');
    expect(lost.every(({ attempts }) => attempts.length === 0)).toBe(true);
    return lost.map(({ objectId }) => objectId);
  };
  const lost = await lostOf(7);
  expect(lost.length).toBeGreaterThan(20);
  expect(lost.length).toBeLessThan(40);
  expect(await lostOf(7)).toEqual(lost);
  expect(await lostOf(8)).not.toEqual(lost);
});

test('lost, held, late, duplicated and reordered webhooks', async () => {
  const { call, control, receiver } = await hyperswitchWorld();
  for (const id of ['lost', 'held', 'late', 'twice', 'one', 'two']) {
    await call('POST', '/payments', { payment_id: id, amount: 5, currency: 'USD' });
  }
  const seen = () => receiver.received.map((r) => /"payment_id":"(\w+)"/.exec(r.body)?.[1]);
  control.addFault({ kind: 'loseWebhook', where: { payment_id: 'lost' } });
  control.addFault({ kind: 'holdWebhook', where: { payment_id: 'held' } });
  control.addFault({ kind: 'lateWebhook', delayMs: 80, where: { payment_id: 'late' } });
  control.addFault({ kind: 'duplicateWebhook', count: 2, where: { payment_id: 'twice' } });
  for (const id of ['lost', 'held', 'late', 'twice']) control.pay(id);
  await control.idle();
  expect(seen()).toEqual(['twice', 'twice', 'twice']);
  expect(new Set(receiver.received.map((r) => r.body)).size).toBe(1);
  expect(control.deliveries().map((d) => d.state)).toEqual(['lost', 'held', 'late', 'delivered']);
  await control.waitForDelivery((d) => d.objectId === 'late');
  await control.release();
  await control.flush();
  expect(seen().slice(3)).toEqual(['late', 'held', 'lost']);

  control.addFault({ kind: 'reorderWebhooks', times: 2, match: 'payment_succeeded' });
  control.pay('one');
  control.pay('two');
  await control.waitForDelivery((d) => d.objectId === 'one');
  expect(seen().slice(6)).toEqual(['two', 'one']);
});

test('a webhook may be faster than the answer that causes it', async () => {
  const { control, paid, receiver, refund } = await hyperswitchWorld();
  await paid('p');
  let isAnswered = false;
  receiver.answer = () => {
    expect(isAnswered).toBe(false);
    return 200;
  };
  control.addFault({ kind: 'webhookFirst', match: 'refunds.create' });
  const answer = await refund({ payment_id: 'p', refund_id: 'r' });
  isAnswered = true;
  expect(answer.body).toMatchObject({ status: 'pending' });
  expect(control.deliveries().at(-1)).toMatchObject({ type: 'refund_succeeded', state: 'delivered' });
});

test('Hyperswitch retries the same bytes and signature, 16 times, then gives up; ops can redeliver', async () => {
  const { call, control, receiver } = await hyperswitchWorld({ retryScaleMs: 0.01 });
  await call('POST', '/payments', { payment_id: 'p', amount: 5, currency: 'USD' });
  receiver.answer = () => 503;
  control.pay('p');
  const given = await control.waitForDelivery(() => true, { state: 'gave_up' });
  expect(given.attempts.map((a) => a.status)).toEqual(Array(17).fill(503));
  expect(
    new Set(receiver.received.map((r) => r.body + String(r.headers['x-webhook-signature-512']))).size,
  ).toBe(1);
  receiver.answer = () => 200;
  expect(await control.redeliver(given.eventId)).toMatchObject({ state: 'delivered' });
});

test('Stripe signs each attempt anew', async () => {
  const { control, receiver, transfer, stripe } = await stripeWorld({ retryScaleMs: 1_100 });
  receiver.answer = (nth) => (nth === 1 ? 500 : 200);
  await transfer('k1');
  await control.waitForDelivery((d) => d.attempts.length === 2);
  const [first, second] = receiver.received;
  expect(first?.body).toBe(second?.body);
  expect(first?.headers['stripe-signature']).not.toBe(second?.headers['stripe-signature']);
  await stripe.webhooks.constructEventAsync(
    second?.body ?? '',
    String(second?.headers['stripe-signature']),
    'whsec_sandbox',
  );
});

test('any bytes can be sent, signed right, wrong or not at all', async () => {
  const { control, receiver } = await stripeWorld();
  receiver.answer = (nth) => (nth === 1 ? 200 : 401);
  expect(await control.sendWebhook('{"a":1}')).toEqual({ status: 200, body: 'seen' });
  expect(await control.sendWebhook('{"a":1}', { signature: 'wrong' })).toMatchObject({ status: 401 });
  await control.sendWebhook('not json', { signature: 'missing' });
  const [right, wrong, none] = receiver.received.map((r) => r.headers['stripe-signature']);
  const verify = (signature: string | string[] | undefined) =>
    Stripe.webhooks.constructEventAsync('{"a":1}', String(signature), 'whsec_sandbox');
  await verify(right);
  await expect(verify(wrong)).rejects.toThrow();
  expect(none).toBeUndefined();
});

test('the controls are reachable over HTTP', async () => {
  const { call, control, paid } = await hyperswitchWorld();
  await paid('p', 100);
  const listing = await call('GET', '/_sandbox');
  expect(listing.body['verbs']).toHaveProperty(['POST /_sandbox/pay']);
  expect(
    await call('POST', '/_sandbox/faults', { kind: 'loseWebhook', match: 'refund_succeeded' }),
  ).toMatchObject({
    status: 200,
    body: { id: expect.any(String) },
  });
  expect(await call('POST', '/_sandbox/faults', { kind: 'nonsense' })).toMatchObject({ status: 400 });
  await call('POST', '/refunds', { payment_id: 'p', refund_id: 'r' });
  await control.idle();
  const lost = await call('GET', '/_sandbox/deliveries?state=lost');
  expect(lost.body).toMatchObject({ deliveries: [{ objectId: 'r', state: 'lost', attempts: [] }] });
  await call('POST', '/_sandbox/deliveries/flush');
  expect((await call('GET', '/_sandbox/deliveries?state=lost')).body).toEqual({ deliveries: [] });
  expect((await call('GET', '/_sandbox/state')).body).toMatchObject({
    refunds: [{ body: { refund_id: 'r' } }],
  });
  expect((await call('GET', '/_sandbox/requests?operation=refunds.create')).body).toMatchObject({
    requests: [{ status: 200, headers: { 'api-key': '[redacted …1234]' }, body: { refund_id: 'r' } }],
  });
  expect(await call('POST', '/_sandbox/openDispute', { paymentId: 'p' })).toMatchObject({
    body: { result: { dispute_status: 'dispute_opened' } },
  });
  expect(await call('POST', '/_sandbox/pay', { paymentId: 'nope' })).toMatchObject({ status: 400 });
});

test('a restart goes on: books, keys, undelivered webhooks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'veza-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const stateFile = join(folder, 'state', 'stripe.json');
  const options = {
    secretKey: SECRET_KEY,
    webhookSecret: 'w',
    webhookUrl: () => receiver.url,
    stateFile,
    retryScaleMs: 10,
  };
  const first = await startStripeSandbox(options);
  const create = (port: number) =>
    sdk(port).transfers.create(
      { amount: 5, currency: 'usd', destination: 'acct_s' },
      { idempotencyKey: 'k' },
    );
  receiver.answer = () => 500;
  const made = await create(first.port);
  await first.control.waitForDelivery(() => true, { state: 'retrying' });
  await first.close();
  receiver.answer = () => 200;
  const second = await startStripeSandbox(options);
  await second.control.waitForDelivery((d) => d.objectId === made.id);
  expect((await create(second.port)).id).toBe(made.id);
  expect(second.control.accountBalance('acct_s')).toEqual({ usd: 5 });
  await second.close();
});

test('what a killed process had answered is in its state file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'veza-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const stateFile = join(folder, 'hs.json');
  const sandbox = await startHyperswitchSandbox({
    apiKey: API_KEY,
    webhookSecret: 'w',
    webhookUrl: 'http://127.0.0.1:9/',
    stateFile,
  });
  onTestFinished(() => sandbox.close());
  const response = await fetch(`${sandbox.url}/payments`, {
    method: 'POST',
    headers: { 'api-key': API_KEY },
    body: JSON.stringify({ payment_id: 'p', amount: 5, currency: 'USD' }),
  });
  expect(response.status).toBe(200);
  // Not closed: this is the file as a kill would leave it.
  expect(JSON.parse(await readFile(stateFile, 'utf8'))).toMatchObject({
    payments: [{ body: { payment_id: 'p' } }],
  });
});

test('close ends hung requests and does not wait for a receiver that never answers', async () => {
  const { control, receiver, sandbox } = await hyperswitchWorld();
  let free = (): void => undefined;
  receiver.answer = () => new Promise((resolve) => (free = () => resolve(200)));
  control.addFault({ kind: 'hang', match: 'payments.retrieve' });
  const hung = fetch(`${sandbox.url}/payments/p`, { headers: { 'api-key': API_KEY } }).catch(
    (error: unknown) => error,
  );
  await control.waitForRequest((r) => r.outcome === 'never_answered');
  void control.sendWebhook('{}').catch(() => undefined);
  await sandbox.close();
  expect(await hung).toBeInstanceOf(TypeError);
  free();
});
