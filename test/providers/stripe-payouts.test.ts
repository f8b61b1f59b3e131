import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EmptyIdempotencyKeyError, InvalidAmountError } from '../../providers/idempotency-key.ts';
import { createStripe, type StripeClient } from '../../providers/stripe/client.ts';
import { closedUrl, startTinyServer, type ScriptedAnswer, type TinyServer } from './tiny-server.ts';

const PAYOUT = {
  payoutId: 'p1',
  stripeAccountId: 'acct_x',
  amountMinor: 9_000,
  currency: 'EUR',
  idempotencyKey: 'payout:p1:1',
};
const ACCOUNT = { userId: 'u1', email: 'ada@example.com', idempotencyKey: 'account:u1:1' };
const LINK = {
  stripeAccountId: 'acct_x',
  returnUrl: 'https://shop.example/back',
  refreshUrl: 'https://shop.example/again',
  idempotencyKey: 'account-link:1',
};

const payoutBody = (overrides: object = {}) => ({
  id: 'po_x',
  object: 'payout',
  amount: 9_000,
  created: 1_659_369_757,
  currency: 'eur',
  failure_message: null,
  metadata: { payout_id: 'p1' },
  status: 'pending',
  ...overrides,
});
const accountBody = (overrides: object = {}) => ({
  id: 'acct_x',
  object: 'account',
  capabilities: { transfers: 'active' },
  metadata: { user_id: 'u1' },
  payouts_enabled: true,
  ...overrides,
});
const page = (data: unknown[], hasMore = false): ScriptedAnswer => ({
  body: { object: 'list', data, has_more: hasMore, url: '/v1/payouts' },
});
const refusal = (status: number, error: object): ScriptedAnswer => ({
  status,
  body: { error: { type: 'invalid_request_error', message: 'Sorry', ...error } },
});

let server: TinyServer;
let stripe: StripeClient;
beforeAll(async () => {
  server = await startTinyServer();
});
beforeEach(() => {
  server.script({});
  stripe = createStripe({ secretKey: 'sk_test_123', apiBase: server.url, timeoutMs: 2_000 });
});
afterAll(() => server.close());

const sent = () => Object.fromEntries(new URLSearchParams(server.seen[0]?.body));

/** What every creating call makes of Stripe's errors. */
const FAILURES: [string, ScriptedAnswer, object][] = [
  ['not enough funds', refusal(400, { code: 'balance_insufficient' }), { kind: 'insufficient_funds' }],
  [
    'a refusal with its code',
    refusal(400, { code: 'payouts_not_allowed' }),
    { kind: 'refused', code: 'payouts_not_allowed' },
  ],
  [
    'something that is missing is a refusal',
    refusal(404, { code: 'resource_missing' }),
    { kind: 'refused', code: 'resource_missing' },
  ],
  [
    'rate limit',
    { ...refusal(429, { code: 'rate_limit' }), headers: { 'retry-after': '2' } },
    { kind: 'rate_limited', retryAfterMs: 2_000 },
  ],
  ['our key is refused', refusal(401, {}), { kind: 'unauthorized' }],
  ['the account is not ours', refusal(403, { code: 'account_invalid' }), { kind: 'account_gone' }],
  [
    'the key came with other parameters',
    refusal(400, { type: 'idempotency_error' }),
    { kind: 'key_mismatch' },
  ],
  ['5xx', refusal(503, {}), { kind: 'unknown', storedUnderKey: false }],
  [
    'a stored 5xx',
    { ...refusal(500, {}), headers: { 'idempotent-replayed': 'true' } },
    { kind: 'unknown', storedUnderKey: true },
  ],
  ['an unexpected body', { body: { object: 'charge' } }, { kind: 'unknown' }],
];

describe('createPayout', () => {
  test('on the connected account, with metadata, the key and the pinned version', async () => {
    server.script({ body: payoutBody() });
    expect(await stripe.createPayout(PAYOUT)).toEqual({
      kind: 'created',
      replayed: false,
      payout: {
        stripePayoutId: 'po_x',
        amountMinor: 9_000,
        currency: 'EUR',
        status: 'pending',
        failureMessage: null,
        payoutId: 'p1',
        createdAtMs: 1_659_369_757_000,
      },
    });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/v1/payouts' });
    expect(server.seen[0]?.headers).toMatchObject({
      'idempotency-key': 'payout:p1:1',
      'stripe-account': 'acct_x',
      'stripe-version': '2026-10-28.endive',
    });
    expect(sent()).toEqual({ amount: '9000', currency: 'eur', 'metadata[payout_id]': 'p1' });
  });

  test('an answer from the store says so', async () => {
    server.script({ body: payoutBody(), headers: { 'idempotent-replayed': 'true' } });
    expect(await stripe.createPayout(PAYOUT)).toMatchObject({ kind: 'created', replayed: true });
  });

  test.each(FAILURES)('%s', async (_, answer, expected) => {
    server.script(answer);
    expect(await stripe.createPayout(PAYOUT)).toMatchObject(expected);
    expect(server.seen).toHaveLength(1);
  });

  test('no answer is unknown', async () => {
    stripe = createStripe({ secretKey: 'sk_test_123', apiBase: await closedUrl() });
    expect(await stripe.createPayout(PAYOUT)).toMatchObject({ kind: 'unknown' });
  });

  test.each([
    [{ idempotencyKey: '' }, EmptyIdempotencyKeyError],
    [{ stripeAccountId: '' }, EmptyIdempotencyKeyError],
    [{ payoutId: ' ' }, EmptyIdempotencyKeyError],
    [{ amountMinor: 0 }, InvalidAmountError],
    [{ amountMinor: 1.5 }, InvalidAmountError],
  ])('%j is thrown before anything is sent', async (wrong, error) => {
    await expect(stripe.createPayout({ ...PAYOUT, ...wrong })).rejects.toThrow(error);
    expect(server.seen).toEqual([]);
  });
});

describe('findPayout', () => {
  const wanted = { stripeAccountId: 'acct_x', payoutId: 'p1', createdSinceMs: 1_500_000_000_999 };

  test('by its metadata, over all pages of the account’s list, the oldest of several', async () => {
    server.script(
      page([payoutBody({ id: 'po_3', metadata: {} }), payoutBody({ id: 'po_2' })], true),
      page([payoutBody({ id: 'po_1' })]),
    );
    expect(await stripe.findPayout(wanted)).toMatchObject({
      kind: 'found',
      payout: { stripePayoutId: 'po_1' },
    });
    expect(server.seen).toHaveLength(2);
    expect(server.seen[0]?.headers['stripe-account']).toBe('acct_x');
    const query = new URLSearchParams(server.seen[1]?.path.split('?')[1]);
    expect(Object.fromEntries(query)).toEqual({
      'created[gte]': '1500000000',
      limit: '100',
      starting_after: 'po_2',
    });
  });

  test('not there', async () => {
    server.script(page([payoutBody({ metadata: { payout_id: 'p2' } }), payoutBody({ metadata: null })]));
    expect(await stripe.findPayout(wanted)).toEqual({ kind: 'not_found' });
  });

  test.each<[string, ScriptedAnswer, string]>([
    ['a list that cannot be read', { body: { object: 'list' } }, 'unknown'],
    ['a list with something else in it', page([{ object: 'charge' }]), 'unknown'],
    ['5xx', refusal(503, {}), 'unknown'],
    ['an account that is gone', refusal(404, { code: 'resource_missing' }), 'refused'],
  ])('%s proves nothing', async (_, answer, kind) => {
    server.script(answer);
    expect((await stripe.findPayout(wanted)).kind).toBe(kind);
  });
});

test('readPayout', async () => {
  server.script({ body: payoutBody({ status: 'failed', failure_message: 'closed' }) }, refusal(503, {}));
  const wanted = { stripeAccountId: 'acct_x', stripePayoutId: 'po_x' };
  expect(await stripe.readPayout(wanted)).toMatchObject({
    kind: 'payout',
    payout: { status: 'failed', failureMessage: 'closed' },
  });
  expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/v1/payouts/po_x' });
  expect(server.seen[0]?.headers['stripe-account']).toBe('acct_x');
  expect((await stripe.readPayout(wanted)).kind).toBe('unknown');
});

describe('createAccount', () => {
  test('with manual payouts and whose it is', async () => {
    server.script({ body: accountBody({ payouts_enabled: false, capabilities: { transfers: 'pending' } }) });
    expect(await stripe.createAccount({ ...ACCOUNT, country: 'DE' })).toEqual({
      kind: 'created',
      replayed: false,
      account: { stripeAccountId: 'acct_x', userId: 'u1', transfersEnabled: false, payoutsEnabled: false },
    });
    expect(server.seen[0]?.headers['idempotency-key']).toBe('account:u1:1');
    expect(sent()).toEqual({
      type: 'express',
      email: 'ada@example.com',
      country: 'DE',
      'capabilities[transfers][requested]': 'true',
      'settings[payouts][schedule][interval]': 'manual',
      'metadata[user_id]': 'u1',
    });
  });

  test.each(FAILURES)('%s', async (_, answer, expected) => {
    server.script(answer);
    expect(await stripe.createAccount(ACCOUNT)).toMatchObject(expected);
  });
});

test('findAccount: by its metadata', async () => {
  server.script(
    page([accountBody({ id: 'acct_2', metadata: {} }), accountBody()]),
    page([]),
    refusal(500, {}),
  );
  const wanted = { userId: 'u1', createdSinceMs: 0 };
  expect(await stripe.findAccount(wanted)).toMatchObject({
    kind: 'found',
    account: { stripeAccountId: 'acct_x' },
  });
  expect(await stripe.findAccount(wanted)).toEqual({ kind: 'not_found' });
  expect((await stripe.findAccount(wanted)).kind).toBe('unknown');
});

test('readAccount: what it may do', async () => {
  server.script(
    { body: accountBody() },
    { body: accountBody({ capabilities: null, payouts_enabled: null }) },
  );
  expect(await stripe.readAccount('acct_x')).toMatchObject({
    account: { transfersEnabled: true, payoutsEnabled: true },
  });
  expect(await stripe.readAccount('acct_x')).toMatchObject({
    account: { transfersEnabled: false, payoutsEnabled: false },
  });
});

describe('createAccountLink', () => {
  test('leads to Stripe’s forms and back', async () => {
    server.script({
      body: { object: 'account_link', url: 'https://connect.stripe.com/x', expires_at: 1_700_000_000 },
    });
    expect(await stripe.createAccountLink(LINK)).toEqual({
      kind: 'link',
      url: 'https://connect.stripe.com/x',
      expiresAtMs: 1_700_000_000_000,
    });
    expect(sent()).toEqual({
      account: 'acct_x',
      type: 'account_onboarding',
      return_url: LINK.returnUrl,
      refresh_url: LINK.refreshUrl,
    });
  });

  test.each(FAILURES)('%s', async (_, answer, expected) => {
    server.script(answer);
    expect(await stripe.createAccountLink(LINK)).toMatchObject(expected);
  });
});
