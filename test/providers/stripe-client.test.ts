import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  EmptyIdempotencyKeyError,
  InvalidAmountError,
  InvalidIdempotencyKeyError,
} from '../../providers/idempotency-key.ts';
import { parseApiBase } from '../../providers/stripe/api-base.ts';
import { createStripe, type StripeClient } from '../../providers/stripe/client.ts';
import { closedUrl, startTinyServer, type ScriptedAnswer, type TinyServer } from './tiny-server.ts';

const TRANSFER = {
  transferId: 't1',
  orderId: 'o1',
  destination: 'acct_x',
  amountMinor: 948,
  currency: 'EUR',
  idempotencyKey: 'transfer:t1:1',
};
const REVERSAL = {
  stripeTransferId: 'tr_x',
  reversalId: 'r1',
  refundId: 'f1',
  amountMinor: 100,
  idempotencyKey: 'reversal:r1:1',
};

function transferBody(overrides: object = {}) {
  return {
    id: 'tr_x',
    object: 'transfer',
    amount: 948,
    amount_reversed: 0,
    created: 1659369757,
    currency: 'eur',
    destination: 'acct_x',
    destination_payment: 'py_x',
    livemode: false,
    metadata: { order_id: 'o1', transfer_id: 't1' },
    reversals: {
      object: 'list',
      data: [],
      has_more: false,
      total_count: 0,
      url: '/v1/transfers/tr_x/reversals',
    },
    reversed: false,
    source_transaction: 'ch_x',
    transfer_group: 'o1',
    ...overrides,
  };
}

function reversalBody(overrides: object = {}) {
  return {
    id: 'trr_x',
    object: 'transfer_reversal',
    amount: 100,
    balance_transaction: 'txn_y',
    created: 1659369757,
    currency: 'eur',
    destination_payment_refund: 'pyr_x',
    metadata: { reversal_id: 'r1', refund_id: 'f1' },
    source_refund: null,
    transfer: 'tr_x',
    ...overrides,
  };
}

function page(data: unknown[], hasMore = false): ScriptedAnswer {
  return { body: { object: 'list', data, has_more: hasMore, url: '/v1/transfers' } };
}

function refusal(status: number, error: object, headers: Record<string, string> = {}): ScriptedAnswer {
  return { status, headers, body: { error: { type: 'invalid_request_error', message: 'Sorry', ...error } } };
}

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

describe('createTransfer', () => {
  test('sends group, metadata, the key and the pinned version', async () => {
    server.script({ body: transferBody() });
    const outcome = await stripe.createTransfer({ ...TRANSFER, sourceTransaction: 'ch_x' });
    expect(outcome).toEqual({
      kind: 'created',
      stripeTransferId: 'tr_x',
      amountMinor: 948,
      currency: 'EUR',
      replayed: false,
    });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/v1/transfers' });
    expect(server.seen[0]?.headers).toMatchObject({
      'idempotency-key': 'transfer:t1:1',
      'stripe-version': '2026-10-28.endive',
      authorization: 'Bearer sk_test_123',
    });
    expect(sent()).toEqual({
      amount: '948',
      currency: 'eur',
      destination: 'acct_x',
      transfer_group: 'o1',
      'metadata[order_id]': 'o1',
      'metadata[transfer_id]': 't1',
      source_transaction: 'ch_x',
    });
  });

  test('an answer from the store says so', async () => {
    server.script({ body: transferBody(), headers: { 'idempotent-replayed': 'true' } });
    expect(await stripe.createTransfer(TRANSFER)).toMatchObject({ kind: 'created', replayed: true });
  });

  test.each<[string, ScriptedAnswer, object]>([
    [
      'no such destination is an account that is gone',
      refusal(404, { code: 'resource_missing', message: "No such destination: 'acct_x'" }),
      { kind: 'account_gone' },
    ],
    ['not enough funds', refusal(400, { code: 'balance_insufficient' }), { kind: 'insufficient_funds' }],
    [
      'rate limit',
      refusal(429, { code: 'rate_limit' }, { 'retry-after': '2' }),
      { kind: 'rate_limited', retryAfterMs: 2_000 },
    ],
    [
      'rate limit that the SDK would retry',
      refusal(429, {}, { 'stripe-should-retry': 'true' }),
      { kind: 'rate_limited' },
    ],
    ['bad key', refusal(401, {}), { kind: 'unauthorized' }],
    ['key mismatch', refusal(400, { type: 'idempotency_error' }), { kind: 'key_mismatch' }],
    ['409', refusal(409, { code: 'idempotency_key_in_use' }), { kind: 'unknown', storedUnderKey: false }],
    ['500', refusal(500, { type: 'api_error' }), { kind: 'unknown', storedUnderKey: false }],
    [
      'a stored 500',
      refusal(500, { type: 'api_error' }, { 'Idempotent-Replayed': 'true' }),
      { kind: 'unknown', storedUnderKey: true },
    ],
    [
      "a gateway's 502 in HTML",
      { status: 502, body: '<html>' },
      { kind: 'unknown', reason: 'unreadable answer' },
    ],
    [
      "a gateway's 502 in JSON, which the SDK takes for a success",
      { status: 502, body: { message: 'Bad gateway' } },
      { kind: 'unknown', reason: 'HTTP 502 with an unexpected body' },
    ],
    [
      "a proxy's string error",
      { status: 404, body: { error: 'no route' } },
      { kind: 'unknown', httpStatus: 404 },
    ],
    ['200 with null', { body: 'null' }, { kind: 'unknown' }],
    ['200 with another object', { body: reversalBody() }, { kind: 'unknown' }],
  ])('%s: one attempt', async (_name, answer, outcome) => {
    server.script(answer);
    expect(await stripe.createTransfer(TRANSFER)).toMatchObject(outcome);
    expect(server.seen).toHaveLength(1);
  });
});

describe('createReversal', () => {
  test("sends our ids and the amount in the transfer's currency", async () => {
    server.script({ body: reversalBody() });
    expect(await stripe.createReversal(REVERSAL)).toEqual({
      kind: 'created',
      stripeReversalId: 'trr_x',
      amountMinor: 100,
      currency: 'EUR',
      replayed: false,
    });
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/v1/transfers/tr_x/reversals' });
    expect(server.seen[0]?.headers['idempotency-key']).toBe('reversal:r1:1');
    expect(sent()).toEqual({ amount: '100', 'metadata[reversal_id]': 'r1', 'metadata[refund_id]': 'f1' });
  });

  test.each<[string, ScriptedAnswer, string]>([
    ['no such transfer', refusal(404, { code: 'resource_missing' }), 'no_such_transfer'],
    [
      'already reversed',
      refusal(400, { message: 'The transfer tr_x is already fully reversed.' }),
      'already_reversed',
    ],
    [
      'more than what is left',
      refusal(400, {
        message: 'Transfer reversal amount ($1.00) is greater than unreversed amount on transfer ($0.50)',
      }),
      'amount_exceeds_left',
    ],
    ['not enough funds', refusal(400, { code: 'insufficient_funds' }), 'insufficient_funds'],
    ['another refusal', refusal(400, { code: 'parameter_unknown' }), 'refused'],
    ['503', refusal(503, { type: 'api_error' }), 'unknown'],
  ])('%s', async (_name, answer, kind) => {
    server.script(answer);
    expect((await stripe.createReversal(REVERSAL)).kind).toBe(kind);
    expect(server.seen).toHaveLength(1);
  });
});

describe('no answer', () => {
  // stripe 23.1.0 makes two attempts of this even with maxNetworkRetries: 0 (single-attempt.ts).
  test('a reset connection: one attempt, no hidden retry', async () => {
    server.script({ instead: (response) => response.socket?.resetAndDestroy() });
    const outcome = await stripe.createTransfer(TRANSFER);
    expect(outcome).toEqual({
      kind: 'unknown',
      reason: 'no answer: CLOSED_ECONNRESET',
      storedUnderKey: false,
    });
    expect(server.seen).toHaveLength(1);
  });

  test('a connection closed without an answer: one attempt', async () => {
    server.script({ instead: (response) => response.socket?.end() });
    expect(await stripe.createReversal(REVERSAL)).toMatchObject({ kind: 'unknown' });
    expect(server.seen).toHaveLength(1);
  });

  test('a connection that stalls in the body', async () => {
    const impatient = createStripe({ secretKey: 'sk_test_123', apiBase: server.url, timeoutMs: 80 });
    server.script({ instead: (response) => response.writeHead(200).write('{"id":') });
    expect(await impatient.createTransfer(TRANSFER)).toMatchObject({ kind: 'unknown' });
  });

  test('a Stripe that hangs: unknown after the timeout', async () => {
    const impatient = createStripe({ secretKey: 'sk_test_123', apiBase: server.url, timeoutMs: 80 });
    server.script({ instead: () => {} });
    expect(await impatient.createTransfer(TRANSFER)).toMatchObject({
      kind: 'unknown',
      reason: 'no answer: ETIMEDOUT',
    });
    expect(server.seen).toHaveLength(1);
  });

  test('nobody listens: no host in the reason', async () => {
    const away = createStripe({ secretKey: 'sk_test_123', apiBase: await closedUrl() });
    expect(await away.readTransfer('tr_x')).toEqual({
      kind: 'unknown',
      reason: 'no answer: ECONNREFUSED',
      storedUnderKey: false,
    });
  });
});

test.each([
  [403, { code: 'account_invalid', message: "The provided key does not have access to account 'acct_x'" }],
  [400, { code: 'resource_missing', message: "No such destination: 'acct_x'" }],
])(
  'listTransfers to an account that is gone (%d): by the group alone, and those to it',
  async (status, error) => {
    const elsewhere = transferBody({ id: 'tr_y', destination: 'acct_y' });
    server.script(refusal(status, error), page([elsewhere, transferBody()]));
    const listed = await stripe.listTransfers({ destination: 'acct_x', orderId: 'o1' });
    expect(listed).toMatchObject({ kind: 'transfers', transfers: [{ stripeTransferId: 'tr_x' }] });
    const queries = server.seen.map(({ path }) => Object.fromEntries(new URL(path, server.url).searchParams));
    expect(queries).toEqual([
      { destination: 'acct_x', transfer_group: 'o1', limit: '100' },
      { transfer_group: 'o1', limit: '100' },
    ]);
  },
);

describe('findTransfer', () => {
  const WANTED = { orderId: 'o1', transferId: 't1' };
  const other = (id: string) => transferBody({ id, metadata: { order_id: 'o1', transfer_id: 'other' } });

  test('reads every page and knows ours by its metadata', async () => {
    server.script(page([other('tr_3'), other('tr_2')], true), page([transferBody(), other('tr_0')]));
    expect(await stripe.findTransfer(WANTED)).toEqual({
      kind: 'found',
      duplicates: [],
      transfer: {
        stripeTransferId: 'tr_x',
        amountMinor: 948,
        amountReversedMinor: 0,
        currency: 'EUR',
        destination: 'acct_x',
        transferGroup: 'o1',
        sourceTransaction: 'ch_x',
        reversed: false,
        orderId: 'o1',
        transferId: 't1',
        createdAtMs: 1659369757000,
      },
    });
    const queries = server.seen.map(({ path }) => Object.fromEntries(new URL(path, server.url).searchParams));
    expect(queries).toEqual([
      { transfer_group: 'o1', limit: '100' },
      { transfer_group: 'o1', limit: '100', starting_after: 'tr_2' },
    ]);
  });

  test('not among them', async () => {
    server.script(page([other('tr_1'), transferBody({ metadata: {} })]));
    expect(await stripe.findTransfer(WANTED)).toEqual({ kind: 'not_found' });
  });

  test('paid twice: the oldest is ours, the others are shown', async () => {
    server.script(page([transferBody({ id: 'tr_new' }), transferBody({ id: 'tr_old' })]));
    expect(await stripe.findTransfer(WANTED)).toMatchObject({
      kind: 'found',
      transfer: { stripeTransferId: 'tr_old' },
      duplicates: [{ stripeTransferId: 'tr_new' }],
    });
  });

  test.each<[string, ScriptedAnswer[]]>([
    [
      'the second page fails',
      [page([other('tr_1')], true), { status: 500, body: { error: { type: 'api_error' } } }],
    ],
    [
      'the second page is something else',
      [page([other('tr_1')], true), { status: 502, body: { message: 'Bad gateway' } }],
    ],
    ['an item that cannot be read', [page([{ id: 'tr_1', object: 'transfer' }])]],
    ['a page without has_more', [{ body: { object: 'list', data: [] } }]],
    ['a list that never ends', [page([other('tr_1')], true)]],
    ['an empty page that promises more', [page([], true)]],
  ])('%s: unknown, never not_found', async (_name, answers) => {
    server.script(...answers);
    expect((await stripe.findTransfer(WANTED)).kind).toBe('unknown');
  });

  test('404 is no proof that nothing was transferred', async () => {
    server.script(refusal(404, { code: 'resource_missing' }));
    expect(await stripe.findTransfer(WANTED)).toMatchObject({ kind: 'refused', code: 'resource_missing' });
  });
});

describe('listReversals', () => {
  test('reads every page', async () => {
    server.script(page([reversalBody()], true), page([reversalBody({ id: 'trr_1', metadata: {} })]));
    expect(await stripe.listReversals('tr_x')).toEqual({
      kind: 'reversals',
      reversals: [
        {
          stripeReversalId: 'trr_x',
          amountMinor: 100,
          currency: 'EUR',
          reversalId: 'r1',
          refundId: 'f1',
          createdAtMs: 1659369757000,
        },
        {
          stripeReversalId: 'trr_1',
          amountMinor: 100,
          currency: 'EUR',
          reversalId: null,
          refundId: null,
          createdAtMs: 1659369757000,
        },
      ],
    });
    expect(server.seen.map(({ path }) => path)).toEqual([
      '/v1/transfers/tr_x/reversals?limit=100',
      '/v1/transfers/tr_x/reversals?limit=100&starting_after=trr_x',
    ]);
  });

  test('no such transfer', async () => {
    server.script(refusal(404, { code: 'resource_missing' }));
    expect((await stripe.listReversals('tr_x')).kind).toBe('no_such_transfer');
  });
});

test('readTransfer', async () => {
  server.script({
    body: transferBody({ amount_reversed: 100, destination: { id: 'acct_x', object: 'account' } }),
  });
  expect(await stripe.readTransfer('tr_x')).toMatchObject({
    kind: 'transfer',
    transfer: { amountReversedMinor: 100, destination: 'acct_x', transferId: 't1' },
  });
  server.script(refusal(404, { code: 'resource_missing' }));
  expect((await stripe.readTransfer('tr_x')).kind).toBe('no_such_transfer');
});

describe('thrown before anything is sent', () => {
  test.each([
    ['an empty key', () => stripe.createTransfer({ ...TRANSFER, idempotencyKey: '' })],
    ['a blank key', () => stripe.createReversal({ ...REVERSAL, idempotencyKey: '  ' })],
    ['an undefined key', () => stripe.createReversal({ ...REVERSAL, idempotencyKey: undefined as never })],
    ['no transfer id', () => stripe.createTransfer({ ...TRANSFER, transferId: '' })],
    ['no order id', () => stripe.createTransfer({ ...TRANSFER, orderId: '' })],
    ['no destination', () => stripe.createTransfer({ ...TRANSFER, destination: '' })],
    ['no reversal id', () => stripe.createReversal({ ...REVERSAL, reversalId: '' })],
    ['no Stripe id', () => stripe.createReversal({ ...REVERSAL, stripeTransferId: '' })],
    ['a list without Stripe id', () => stripe.listReversals('')],
    ['a look-up without our id', () => stripe.findTransfer({ orderId: 'o1', transferId: '' })],
  ])('%s: EmptyIdempotencyKeyError', async (_name, call) => {
    await expect(call()).rejects.toThrow(EmptyIdempotencyKeyError);
    expect(server.seen).toHaveLength(0);
  });

  test('a key of 255 characters is sent, one of 256 is not', async () => {
    server.script({ body: transferBody() });
    expect((await stripe.createTransfer({ ...TRANSFER, idempotencyKey: 'k'.repeat(255) })).kind).toBe(
      'created',
    );
    await expect(stripe.createTransfer({ ...TRANSFER, idempotencyKey: 'k'.repeat(256) })).rejects.toThrow(
      InvalidIdempotencyKeyError,
    );
    expect(server.seen).toHaveLength(1);
  });

  test.each(['a b', 'é', 'a\nb'])('a key that HTTP cannot carry: %j', async (idempotencyKey) => {
    await expect(stripe.createReversal({ ...REVERSAL, idempotencyKey })).rejects.toThrow(
      InvalidIdempotencyKeyError,
    );
    expect(server.seen).toHaveLength(0);
  });

  test.each([0, -1, 1.5, Number.NaN])('amount %s: InvalidAmountError', async (amountMinor) => {
    await expect(stripe.createTransfer({ ...TRANSFER, amountMinor })).rejects.toThrow(InvalidAmountError);
    await expect(stripe.createReversal({ ...REVERSAL, amountMinor })).rejects.toThrow(InvalidAmountError);
    expect(server.seen).toHaveLength(0);
  });

  test('an unusable key is named without its value', () => {
    expect(() => createStripe({ secretKey: 'sk_test_secret\n' })).toThrow(/^the Stripe key is/);
  });
});

test.each([
  ['http://127.0.0.1:12111', { host: '127.0.0.1', port: 12111, protocol: 'http' }],
  ['http://localhost/', { host: 'localhost', port: 80, protocol: 'http' }],
  ['https://stripe.example', { host: 'stripe.example', port: 443, protocol: 'https' }],
  ['http://[::1]:8080', { host: '::1', port: 8080, protocol: 'http' }],
])('STRIPE_API_BASE %s', (apiBase, parsed) => {
  expect(parseApiBase(apiBase)).toEqual(parsed);
});

test.each(['localhost:12111', 'nonsense', 'ftp://x', 'http://x/prefix', 'http://user:password@x'])(
  'STRIPE_API_BASE %s is refused',
  (apiBase) => {
    expect(() => parseApiBase(apiBase)).toThrow(/STRIPE_API_BASE/);
  },
);
