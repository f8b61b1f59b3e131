import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStripe, type StripeClient } from '../../providers/stripe/client.ts';
import { startStripeMock, type StripeMock } from './stripe-mock.ts';

// Stripe's own mock server checks that each parameter exists and has the right type. It keeps no state, so what the
// calls do together is tested elsewhere.
let mock: StripeMock;
let stripe: StripeClient;
beforeAll(async () => {
  mock = await startStripeMock();
  stripe = createStripe({ secretKey: 'sk_test_123', apiBase: mock.url });
}, 300_000);
afterAll(() => mock?.stop());

test('it refuses what Stripe does not know, so that its yes means something', async () => {
  const post = async (parameters: Record<string, string>) => {
    const response = await fetch(`${mock.url}/v1/transfers`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_123' },
      body: new URLSearchParams({ currency: 'eur', destination: 'acct_x', ...parameters }),
    });
    return response.status;
  };
  expect(await post({ amount: '948' })).toBe(200);
  expect(await post({ amount: '948', no_such_parameter: '1' })).toBe(400);
  expect(await post({ amount: 'nine' })).toBe(400);
});

test('createTransfer', async () => {
  const outcome = await stripe.createTransfer({
    transferId: 't1',
    orderId: 'o1',
    destination: 'acct_x',
    amountMinor: 948,
    currency: 'EUR',
    sourceTransaction: 'ch_x',
    idempotencyKey: 'transfer:t1:1',
  });
  expect(outcome).toMatchObject({
    kind: 'created',
    stripeTransferId: expect.stringMatching(/^tr_/) as string,
  });
});

test('createReversal', async () => {
  const outcome = await stripe.createReversal({
    stripeTransferId: 'tr_x',
    reversalId: 'r1',
    refundId: 'f1',
    amountMinor: 100,
    idempotencyKey: 'reversal:r1:1',
  });
  expect(outcome).toMatchObject({
    kind: 'created',
    stripeReversalId: expect.stringMatching(/^trr_/) as string,
  });
});

test('findTransfer: a readable list, in which ours is not', async () => {
  const outcome = await stripe.findTransfer({ orderId: 'o1', transferId: 't1' });
  expect(outcome).toEqual({ kind: 'not_found' });
});

test('listReversals', async () => {
  const outcome = await stripe.listReversals('tr_x');
  expect(outcome).toMatchObject({ kind: 'reversals', reversals: expect.any(Array) as unknown[] });
});

test('readTransfer', async () => {
  const outcome = await stripe.readTransfer('tr_x');
  expect(outcome).toMatchObject({ kind: 'transfer', transfer: { stripeTransferId: 'tr_x' } });
});

test('an unknown kind of key is unauthorized', async () => {
  const stranger = createStripe({ secretKey: 'nonsense', apiBase: mock.url });
  expect((await stranger.readTransfer('tr_x')).kind).toBe('unauthorized');
});

test('createPayout', async () => {
  const outcome = await stripe.createPayout({
    payoutId: 'p1',
    stripeAccountId: 'acct_x',
    amountMinor: 9_000,
    currency: 'EUR',
    idempotencyKey: 'payout:p1:1',
  });
  expect(outcome).toMatchObject({
    kind: 'created',
    payout: { stripePayoutId: expect.stringMatching(/^po_/) as string },
  });
});

test('findPayout: a readable list, in which ours is not', async () => {
  const wanted = { stripeAccountId: 'acct_x', payoutId: 'p1', createdSinceMs: Date.now() };
  expect(await stripe.findPayout(wanted)).toEqual({ kind: 'not_found' });
});

test('readPayout', async () => {
  const outcome = await stripe.readPayout({ stripeAccountId: 'acct_x', stripePayoutId: 'po_x' });
  expect(outcome).toMatchObject({ kind: 'payout', payout: { stripePayoutId: 'po_x' } });
});

test('createAccount', async () => {
  const outcome = await stripe.createAccount({
    userId: 'u1',
    email: 'ada@example.com',
    country: 'DE',
    idempotencyKey: 'account:u1:1',
  });
  expect(outcome).toMatchObject({
    kind: 'created',
    account: { stripeAccountId: expect.stringMatching(/^acct_/) as string },
  });
});

test('findAccount: a readable list, in which ours is not', async () => {
  expect(await stripe.findAccount({ userId: 'u1', createdSinceMs: Date.now() })).toEqual({
    kind: 'not_found',
  });
});

test('readAccount', async () => {
  expect(await stripe.readAccount('acct_x')).toMatchObject({ kind: 'account' });
});

test('createAccountLink', async () => {
  const outcome = await stripe.createAccountLink({
    stripeAccountId: 'acct_x',
    returnUrl: 'https://shop.example/back',
    refreshUrl: 'https://shop.example/again',
    idempotencyKey: 'account-link:1',
  });
  expect(outcome).toMatchObject({ kind: 'link', url: expect.stringMatching(/^https:/) as string });
});
