import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHyperswitch, type Hyperswitch } from '../../providers/hyperswitch/client.ts';
import { EmptyIdempotencyKeyError, InvalidAmountError } from '../../providers/idempotency-key.ts';
import { closedUrl, startTinyServer, type ScriptedAnswer, type TinyServer } from './tiny-server.ts';

const API_KEY = 'snd_very_secret';
const REFUND_ID = '0198c5d2-1111-7000-8000-000000000001';
const PAYMENT_ID = '0198c5d2-2222-7000-8000-000000000002';

// A payment and a refund as the router sends them, whole.
const REFUND_BODY = {
  refund_id: REFUND_ID,
  payment_id: PAYMENT_ID,
  amount: 654,
  currency: 'USD',
  status: 'pending',
  reason: 'requested_by_customer',
  metadata: null,
  error_message: null,
  error_code: null,
  unified_code: null,
  unified_message: null,
  created_at: '2026-08-21T10:11:12.123Z',
  updated_at: '2026-08-21T10:11:12.123Z',
  connector: 'stripe',
  profile_id: 'pro_x',
  merchant_connector_id: 'mca_x',
  split_refunds: null,
  issuer_error_code: null,
  issuer_error_message: null,
  raw_connector_response: null,
  connector_refund_id: 're_x',
};
const PAYMENT_BODY = {
  payment_id: PAYMENT_ID,
  merchant_id: 'merchant_1',
  status: 'succeeded',
  amount: 6540,
  net_amount: 6540,
  amount_capturable: 0,
  amount_received: 6540,
  connector: 'stripe',
  client_secret: 'pay_x_secret_y',
  created: '2026-08-21T10:00:00.000Z',
  currency: 'usd',
  payment_method: 'card',
  profile_id: 'pro_x',
  attempt_count: 1,
  error_code: null,
  error_message: null,
  connector_transaction_id: 'pi_x',
  metadata: null,
  updated: '2026-08-21T10:00:02.000Z',
};
const REFUND = {
  refundId: REFUND_ID,
  paymentId: PAYMENT_ID,
  amountMinor: 654,
  currency: 'USD',
  status: 'pending',
  errorMessage: null,
  errorCode: null,
  connectorRefundId: 're_x',
  updatedAt: '2026-08-21T10:11:12.123Z',
};

const REFUND_REQUEST = {
  refundId: REFUND_ID,
  paymentId: PAYMENT_ID,
  amountMinor: 654,
  idempotencyKey: REFUND_ID,
};
const PAYMENT_REQUEST = {
  paymentId: PAYMENT_ID,
  amountMinor: 6540,
  currency: 'usd',
  idempotencyKey: PAYMENT_ID,
};

let server: TinyServer;
let psp: Hyperswitch;
beforeAll(async () => {
  server = await startTinyServer();
});
beforeEach(() => {
  server.script({});
  psp = createHyperswitch({ baseUrl: `${server.url}/`, apiKey: API_KEY, timeoutMs: 2_000 });
});
afterAll(() => server.close());

function errorAnswer(
  status: number,
  code: string,
  message = 'Sorry',
  headers: Record<string, string> = {},
): ScriptedAnswer {
  return { status, headers, body: { error: { type: 'invalid_request', message, code } } };
}

describe('createRefund', () => {
  test('sends our ids, the key and nothing the router does not know', async () => {
    server.script({ body: REFUND_BODY });
    const outcome = await psp.createRefund({
      ...REFUND_REQUEST,
      reason: 'duplicate',
      metadata: { order: 'o1' },
    });
    expect(outcome).toEqual({ kind: 'refund', refund: REFUND });
    expect(server.seen).toHaveLength(1);
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'POST', path: '/refunds' });
    expect(request?.headers).toMatchObject({
      'api-key': API_KEY,
      'idempotency-key': REFUND_ID,
      'content-type': 'application/json',
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      refund_id: REFUND_ID,
      payment_id: PAYMENT_ID,
      amount: 654,
      reason: 'duplicate',
      refund_type: 'instant',
      metadata: { order: 'o1' },
    });
  });

  test.each([
    ['free text', 'the track skips', undefined, { reason: 'the track skips' }],
    ['a reason of the PSP', 'fraudulent', 'fraudulent', undefined],
    ['a reason of the PSP in another case', 'Duplicate', undefined, { reason: 'Duplicate' }],
    ['empty', '', undefined, undefined],
    ['none', undefined, undefined, undefined],
  ])('reason: %s', async (_name, reason, sentReason, sentMetadata) => {
    server.script({ body: REFUND_BODY });
    await psp.createRefund({ ...REFUND_REQUEST, ...(reason === undefined ? {} : { reason }) });
    const sent = JSON.parse(server.seen[0]?.body ?? '') as Record<string, unknown>;
    expect(sent['reason']).toBe(sentReason);
    expect(sent['metadata']).toEqual(sentMetadata);
  });

  test('pending with error fields set is not a failure', async () => {
    server.script({
      body: {
        ...REFUND_BODY,
        error_code: 'No error code',
        error_message: 'timeout',
        unified_code: 'UE_9000',
      },
    });
    const outcome = await psp.createRefund(REFUND_REQUEST);
    expect(outcome).toMatchObject({ kind: 'refund', refund: { status: 'pending', errorMessage: 'timeout' } });
  });

  test("a connector's 4xx is HTTP 200 with failed: a refund, not a refusal", async () => {
    server.script({ body: { ...REFUND_BODY, status: 'failed', error_message: 'Charge already refunded' } });
    const outcome = await psp.createRefund(REFUND_REQUEST);
    expect(outcome).toMatchObject({ kind: 'refund', refund: { status: 'failed' } });
  });

  test('404 HE_02 on a create is a refusal: the payment does not exist', async () => {
    server.script(errorAnswer(404, 'HE_02'));
    expect(await psp.createRefund(REFUND_REQUEST)).toMatchObject({ kind: 'refused', code: 'HE_02' });
  });
});

describe('createPayment', () => {
  test('sends our id and the key, reads the client secret', async () => {
    server.script({
      body: { ...PAYMENT_BODY, status: 'requires_payment_method', amount_received: null, updated: undefined },
    });
    const outcome = await psp.createPayment({
      ...PAYMENT_REQUEST,
      profileId: 'pro_x',
      metadata: { order: 'o1' },
    });
    expect(outcome).toMatchObject({
      kind: 'payment',
      payment: {
        paymentId: PAYMENT_ID,
        status: 'requires_payment_method',
        amountMinor: 6540,
        amountReceivedMinor: null,
        currency: 'USD',
        clientSecret: 'pay_x_secret_y',
        connectorTransactionId: 'pi_x',
        errorMessage: null,
        errorCode: null,
        manualRetryAllowed: null,
        updatedAt: null,
      },
    });
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/payments' });
    expect(server.seen[0]?.headers['idempotency-key']).toBe(PAYMENT_ID);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      payment_id: PAYMENT_ID,
      amount: 6540,
      currency: 'USD',
      profile_id: 'pro_x',
      metadata: { order: 'o1' },
    });
  });

  test('a payment id that exists already says so', async () => {
    server.script(errorAnswer(400, 'HE_01'));
    expect(await psp.createPayment(PAYMENT_REQUEST)).toMatchObject({ kind: 'refused', tells: 'exists' });
  });
});

describe('cancelPayment', () => {
  test('says a reason that Stripe takes, and carries no key', async () => {
    server.script({ body: { ...PAYMENT_BODY, status: 'cancelled', amount_received: null } });
    expect(await psp.cancelPayment(PAYMENT_ID)).toMatchObject({
      kind: 'payment',
      payment: { paymentId: PAYMENT_ID, status: 'cancelled' },
    });
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'POST', path: `/payments/${PAYMENT_ID}/cancel` });
    expect(request?.headers).not.toHaveProperty('idempotency-key');
    expect(JSON.parse(request!.body)).toEqual({ cancellation_reason: 'abandoned' });
  });

  test.each<[string, ScriptedAnswer, object]>([
    ['paid, underway or cancelled already', errorAnswer(400, 'IR_16'), { kind: 'refused', tells: 'state' }],
    ['the router knows none', errorAnswer(404, 'HE_02'), { kind: 'not_found' }],
    ["a proxy's 404", { status: 404, body: '<h1>404</h1>' }, { kind: 'unknown' }],
    ['an internal error', errorAnswer(500, 'HE_00'), { kind: 'unknown' }],
    ['a bad key', errorAnswer(401, 'IR_01'), { kind: 'unauthorized' }],
    ['another payment', { body: { ...PAYMENT_BODY, payment_id: 'other' } }, { kind: 'unknown' }],
  ])('%s', async (_name, answer, outcome) => {
    server.script(answer);
    expect(await psp.cancelPayment(PAYMENT_ID)).toMatchObject(outcome);
  });
});

describe('reads', () => {
  test('ask the connector behind the router', async () => {
    server.script({ body: REFUND_BODY });
    expect(await psp.readRefund(REFUND_ID)).toEqual({ kind: 'refund', refund: REFUND });
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: `/refunds/${REFUND_ID}?force_sync=true` });
    server.script({ body: PAYMENT_BODY });
    const payment = await psp.readPayment(PAYMENT_ID);
    expect(payment).toMatchObject({
      kind: 'payment',
      payment: { amountReceivedMinor: 6540, currency: 'USD' },
    });
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: `/payments/${PAYMENT_ID}?force_sync=true` });
  });

  test.each([
    [true, true],
    [false, false],
    [null, null],
    [undefined, null],
    ['yes', null],
  ])('whether a failed payment may be tried again: %s', async (said, manualRetryAllowed) => {
    server.script({ body: { ...PAYMENT_BODY, status: 'failed', manual_retry_allowed: said } });
    expect(await psp.readPayment(PAYMENT_ID)).toMatchObject({ payment: { manualRetryAllowed } });
  });

  test('an id cannot leave its path', async () => {
    server.script(errorAnswer(404, 'HE_02'));
    await psp.readRefund('../payments/x?y');
    expect(server.seen[0]?.path).toBe('/refunds/..%2Fpayments%2Fx%3Fy?force_sync=true');
  });

  test.each<[string, ScriptedAnswer, string]>([
    ['the router knows none', errorAnswer(404, 'HE_02'), 'not_found'],
    ["a proxy's 404 in HTML", { status: 404, body: '<h1>404</h1>' }, 'unknown'],
    ["a proxy's 404 in JSON", { status: 404, body: { message: 'no route' } }, 'unknown'],
    ['no successful attempt', errorAnswer(404, 'HE_04'), 'refused'],
    ['a bad key', errorAnswer(401, 'IR_01'), 'unauthorized'],
    ['an internal error', errorAnswer(500, 'HE_00'), 'unknown'],
    ['another refund than asked for', { body: { ...REFUND_BODY, refund_id: 'other' } }, 'unknown'],
  ])('readRefund, %s', async (_name, answer, kind) => {
    server.script(answer);
    expect((await psp.readRefund(REFUND_ID)).kind).toBe(kind);
  });
});

describe('listRefunds', () => {
  test('asks for the payment alone, in the largest pages, without a key', async () => {
    server.script({ body: { count: 1, total_count: 1, data: [REFUND_BODY] } });
    expect(await psp.listRefunds(PAYMENT_ID)).toEqual({ kind: 'refunds', refunds: [REFUND] });
    const [request] = server.seen;
    expect(request).toMatchObject({ method: 'POST', path: '/refunds/list' });
    expect(request?.headers).not.toHaveProperty('idempotency-key');
    expect(JSON.parse(request!.body)).toEqual({ payment_id: PAYMENT_ID, limit: 100, offset: 0 });
  });

  test.each<[string, ScriptedAnswer]>([
    [
      "another payment's refund",
      { body: { count: 1, total_count: 1, data: [{ ...REFUND_BODY, payment_id: 'other' }] } },
    ],
    ['a row that is no refund', { body: { count: 1, total_count: 1, data: [{ refund_id: REFUND_ID }] } }],
    ['a page that ends before its total', { body: { count: 0, total_count: 3, data: [] } }],
    ['a bare list', { body: [REFUND_BODY] }],
    ['an internal error', errorAnswer(500, 'HE_00')],
  ])('%s is no list', async (_name, answer) => {
    server.script(answer);
    expect((await psp.listRefunds(PAYMENT_ID)).kind).toBe('unknown');
  });
});

describe('what the answers mean', () => {
  const refused = (code: string, httpStatus: number, tells = 'nothing') => ({
    kind: 'refused',
    code,
    httpStatus,
    message: 'Sorry',
    tells,
  });

  test.each<[string, ScriptedAnswer, object]>([
    ['same refund id: HE_01', errorAnswer(400, 'HE_01'), refused('HE_01', 400, 'exists')],
    ['over the captured amount: IR_13', errorAnswer(400, 'IR_13'), refused('IR_13', 400, 'amount_used_up')],
    ['payment not refundable: IR_14', errorAnswer(400, 'IR_14'), refused('IR_14', 400, 'state')],
    ['too many refunds: IR_12', errorAnswer(400, 'IR_12'), refused('IR_12', 400, 'count_used_up')],
    ['amount invalid: IR_05', errorAnswer(422, 'IR_05'), refused('IR_05', 422)],
    ['method not refundable: IR_06', errorAnswer(422, 'IR_06'), refused('IR_06', 422)],
    ['no successful attempt: HE_04', errorAnswer(404, 'HE_04'), refused('HE_04', 404)],
    ['connector: CE_00', errorAnswer(402, 'CE_00'), refused('CE_00', 402)],
    ['connector processing: CE_06', errorAnswer(400, 'CE_06'), refused('CE_06', 400)],
    [
      'malformed JSON, with error_type',
      { status: 400, body: { error: { error_type: 'invalid_request', message: 'Sorry', code: 'IR_06' } } },
      refused('IR_06', 400),
    ],
    [
      'bad key: IR_01',
      errorAnswer(401, 'IR_01'),
      { kind: 'unauthorized', httpStatus: 401, message: 'Sorry' },
    ],
    [
      'not permitted, without a body',
      { status: 403, body: 'Forbidden' },
      { kind: 'unauthorized', httpStatus: 403, message: 'HTTP 403' },
    ],
    [
      'internal: HE_00',
      errorAnswer(500, 'HE_00'),
      { kind: 'unknown', reason: 'HTTP 500 HE_00: Sorry', httpStatus: 500 },
    ],
    [
      "a gateway's 502",
      { status: 502, body: '<html>' },
      { kind: 'unknown', reason: 'HTTP 502', httpStatus: 502 },
    ],
    [
      '503 with Retry-After',
      { status: 503, headers: { 'retry-after': '7' } },
      { kind: 'unknown', reason: 'HTTP 503', httpStatus: 503, retryAfterMs: 7_000 },
    ],
    ['408', { status: 408 }, { kind: 'unknown', reason: 'HTTP 408', httpStatus: 408 }],
    ['409', errorAnswer(409, 'X'), { kind: 'unknown', reason: 'HTTP 409 X: Sorry', httpStatus: 409 }],
    ['425', { status: 425 }, { kind: 'unknown', reason: 'HTTP 425', httpStatus: 425 }],
    [
      '429 with Retry-After',
      errorAnswer(429, 'HE_00', 'Slow down', { 'retry-after': '30' }),
      { kind: 'unknown', reason: 'HTTP 429 HE_00: Slow down', httpStatus: 429, retryAfterMs: 30_000 },
    ],
    [
      "a proxy's 413, not the router's",
      { status: 413, body: '<html>' },
      { kind: 'unknown', reason: 'HTTP 413', httpStatus: 413 },
    ],
    [
      '200 that is not JSON',
      { body: '<html>welcome' },
      { kind: 'unknown', reason: 'HTTP 200 with an unexpected body', httpStatus: 200 },
    ],
    [
      '200 with half a body',
      { body: { refund_id: REFUND_ID } },
      { kind: 'unknown', reason: 'HTTP 200 with an unexpected body', httpStatus: 200 },
    ],
    [
      '200 with an amount that is no integer',
      { body: { ...REFUND_BODY, amount: 6.54 } },
      { kind: 'unknown', reason: 'HTTP 200 with an unexpected body', httpStatus: 200 },
    ],
    [
      "200 with another payment's refund",
      { body: { ...REFUND_BODY, payment_id: 'pay_other' } },
      { kind: 'unknown', reason: 'HTTP 200 with an unexpected body', httpStatus: 200 },
    ],
  ])('%s', async (_name, answer, outcome) => {
    server.script(answer);
    expect(await psp.createRefund(REFUND_REQUEST)).toEqual(outcome);
    expect(server.seen).toHaveLength(1);
  });

  test('a redirect is not followed: the key would go to another host', async () => {
    server.script({ status: 307, headers: { location: `${server.url}/elsewhere` } });
    expect(await psp.createRefund(REFUND_REQUEST)).toMatchObject({ kind: 'unknown', httpStatus: 307 });
    expect(server.seen).toHaveLength(1);
  });
});

describe('no answer', () => {
  test('a router that hangs: unknown after the timeout', async () => {
    const impatient = createHyperswitch({ baseUrl: server.url, apiKey: API_KEY, timeoutMs: 60 });
    server.script({ instead: () => {} });
    const outcome = await impatient.createRefund(REFUND_REQUEST);
    expect(outcome).toEqual({ kind: 'unknown', reason: 'no answer within 60 ms' });
  });

  test('a router that stalls in the body: unknown after the timeout', async () => {
    const impatient = createHyperswitch({ baseUrl: server.url, apiKey: API_KEY, timeoutMs: 60 });
    server.script({ instead: (response) => response.writeHead(200).write('{"refund_id":') });
    const outcome = await impatient.readRefund(REFUND_ID);
    expect(outcome).toEqual({ kind: 'unknown', reason: 'no answer within 60 ms' });
  });

  test('a reset connection: unknown, one attempt, no hidden retry', async () => {
    server.script({ instead: (response) => response.socket?.destroy() });
    const outcome = await psp.createRefund(REFUND_REQUEST);
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(/^network/) as string });
    expect(server.seen).toHaveLength(1);
  });

  test('nobody listens: unknown, and no host in the reason', async () => {
    const away = createHyperswitch({ baseUrl: await closedUrl(), apiKey: API_KEY });
    expect(await away.readPayment(PAYMENT_ID)).toEqual({ kind: 'unknown', reason: 'network: ECONNREFUSED' });
  });

  test('a name that does not resolve: unknown, and no host in the reason', async () => {
    const away = createHyperswitch({ baseUrl: 'http://router.invalid', apiKey: API_KEY });
    const outcome = await away.readPayment(PAYMENT_ID);
    expect(outcome.kind).toBe('unknown');
    expect(JSON.stringify(outcome)).not.toContain('router.invalid');
  });
});

describe('thrown before anything is sent', () => {
  test.each([
    ['an empty key', () => psp.createRefund({ ...REFUND_REQUEST, idempotencyKey: '' })],
    ['a blank key', () => psp.createRefund({ ...REFUND_REQUEST, idempotencyKey: ' \t' })],
    ['an empty refund id', () => psp.createRefund({ ...REFUND_REQUEST, refundId: '' })],
    ["an empty payment id of a refund's", () => psp.createRefund({ ...REFUND_REQUEST, paymentId: '' })],
    ['an empty payment id', () => psp.createPayment({ ...PAYMENT_REQUEST, paymentId: '' })],
    ['an empty key of a payment', () => psp.createPayment({ ...PAYMENT_REQUEST, idempotencyKey: '' })],
    ['an undefined key', () => psp.createPayment({ ...PAYMENT_REQUEST, idempotencyKey: undefined as never })],
    ['a read without id', () => psp.readRefund('')],
    ['a payment read without id', () => psp.readPayment('  ')],
  ])('%s: EmptyIdempotencyKeyError', async (_name, call) => {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EmptyIdempotencyKeyError);
    expect(error).toMatchObject({ name: 'EmptyIdempotencyKeyError' });
    expect(server.seen).toHaveLength(0);
  });

  test.each([0, -1, 6.54, Number.NaN, 2 ** 53])('amount %s: InvalidAmountError', async (amountMinor) => {
    await expect(psp.createRefund({ ...REFUND_REQUEST, amountMinor })).rejects.toThrow(InvalidAmountError);
    await expect(psp.createPayment({ ...PAYMENT_REQUEST, amountMinor })).rejects.toThrow(InvalidAmountError);
    expect(server.seen).toHaveLength(0);
  });

  test('an unusable configuration is named without its value', () => {
    const secret = 'snd_secret\n';
    expect(() => createHyperswitch({ baseUrl: server.url, apiKey: secret })).toThrow(
      /^the Hyperswitch api key is/,
    );
    expect(() => createHyperswitch({ baseUrl: 'nonsense', apiKey: API_KEY })).toThrow(/HYPERSWITCH_BASE_URL/);
  });
});
