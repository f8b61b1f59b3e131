import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { refusal, sdk, stripeWorld } from './stripe-harness.ts';

test('the first answer under a key is the answer for good', async () => {
  const { control, transfer } = await stripeWorld();
  const first = await transfer('k1', { metadata: { a: '1', b: '2' } });
  const again = await transfer('k1', { metadata: { a: '1', b: '2' } });
  expect(again.id).toBe(first.id);
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
  expect(again.lastResponse.headers).toMatchObject({
    'idempotent-replayed': 'true',
    'original-request': first.lastResponse.requestId,
  });
  expect(control.transfers()).toHaveLength(1);
  expect(control.requests('transfers.create').map((r) => [r.replayed, r.headers['idempotency-key']])).toEqual(
    [
      [false, 'k1'],
      [true, 'k1'],
    ],
  );
});

test('other parameters, or another endpoint, under the same key', async () => {
  const { stripe, transfer } = await stripeWorld();
  const { id } = await transfer('k1');
  const other = await refusal(transfer('k1', { amount: 1 }));
  expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  expect(other).toMatchObject({
    statusCode: 400,
    message:
      "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than 'k1' if you meant to execute a different request.",
  });
  const endpoint = await refusal(stripe.transfers.createReversal(id, {}, { idempotencyKey: 'k1' }));
  expect(endpoint.message).toContain(`('/v1/transfers/${id}/reversals' vs '/v1/transfers')`);
});

test('the same key at the same time is 409', async () => {
  const { control, transfer } = await stripeWorld();
  control.addFault({ kind: 'latency', delayMs: 150, match: 'transfers.create' });
  const slow = transfer('k1');
  await control.waitForRequest((r) => r.operation === 'transfers.create');
  const second = await refusal(transfer('k1'));
  expect(second).toBeInstanceOf(Stripe.errors.StripeAPIError);
  expect(second).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
  const { id } = await slow;
  expect((await transfer('k1')).id).toBe(id);
});

test('a 500 once executing is stored and replayed; one before is not', async () => {
  const { control, transfer } = await stripeWorld();
  control.addFault({ kind: 'status', status: 500, stored: true });
  const first = await refusal(transfer('stored'));
  expect(first.headers?.['idempotent-replayed']).toBeUndefined();
  const replayed = await refusal(transfer('stored'));
  expect(replayed).toMatchObject({ statusCode: 500 });
  expect(replayed.headers?.['idempotent-replayed']).toBe('true');
  control.pruneIdempotencyKeys();
  await transfer('stored');

  for (const status of [500, 503, 429, 401]) {
    control.addFault({ kind: 'status', status });
    expect(await refusal(transfer(`edge-${status}`))).toMatchObject({ statusCode: status });
    await transfer(`edge-${status}`);
  }
});

test('parameter errors are not stored', async () => {
  const { transfer } = await stripeWorld();
  await refusal(transfer('k1', { amount: -5 }));
  await transfer('k1');
});

test('keys are per account, have a length, and grow old', async () => {
  const { sandbox, control, transfer } = await stripeWorld({ idempotencyKeyMaxAgeMs: 0 });
  const first = await transfer('k1');
  const second = await transfer('k1');
  expect(second.id).not.toBe(first.id);
  expect(await refusal(transfer('x'.repeat(256)))).toMatchObject({ statusCode: 400 });
  const stripe = sdk(sandbox.port);
  for (const stripeAccount of ['acct_a', 'acct_b']) {
    control.setAccountBalance(stripeAccount, 'usd', 500);
    await stripe.payouts.create({ amount: 500, currency: 'usd' }, { stripeAccount, idempotencyKey: 'same' });
  }
});

test('answer lost after Stripe transferred: the key finds the one transfer', async () => {
  const { control, sandbox, transfer } = await stripeWorld();
  control.addFault({ kind: 'dropAfter', match: 'transfers.create', times: 2 });
  const lost = await refusal(transfer('k1'));
  expect(lost).toBeInstanceOf(Stripe.errors.StripeConnectionError);
  const { id } = await transfer('k1');
  expect(control.transfers().map((t) => t.id)).toEqual([id]);

  control.addFault({ kind: 'timeoutAfter', match: 'transfers.create', where: { 'metadata.n': 'two' } });
  const impatient = new Stripe('sk_test_veza_sandbox', {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    timeout: 100,
  });
  const params = { amount: 5, currency: 'eur', destination: 'acct_s', metadata: { n: 'two' } };
  expect(await refusal(impatient.transfers.create(params, { idempotencyKey: 'k2' }))).toBeInstanceOf(
    Stripe.errors.StripeConnectionError,
  );
  expect(
    (await impatient.transfers.create(params, { idempotencyKey: 'k2' })).lastResponse.headers[
      'idempotent-replayed'
    ],
  ).toBe('true');
  expect(control.transfers()).toHaveLength(2);
});

test('rate limit', async () => {
  const { control, stripe, transfer } = await stripeWorld();
  control.setRateLimit(2);
  await transfer('k1');
  await transfer('k2');
  expect(await refusal(transfer('k3'))).toMatchObject({ statusCode: 429, code: 'rate_limit' });
  await stripe.transfers.list();
  control.setRateLimit(null);
  await transfer('k3');
});
