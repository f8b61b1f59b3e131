import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { growth, LINEAR } from '../harness/growth.ts';
import { listening, start } from '../harness/processes.ts';
import { createDatabaseFromTemplate, temporalAddress } from '../harness/services.ts';
import { addUser, bearer, SECRET } from '../harness/api.ts';
import { openWithSql } from '../../sandbox/database.ts';

// What strangers send, as long as it may be: the API process answers it, briefly, and answers others meanwhile.

const MIB = 1024 * 1024;
/** Generous: what it stood for took half a minute and more. */
const ANSWERED_WITHIN_MS = 15_000;
const WEBHOOK_SECRET = 'whsec_hyperswitch_test';

let url: string;
let token: string;
let adminToken: string;
let stop: () => Promise<unknown>;
beforeAll(async () => {
  const testDatabase = await createDatabaseFromTemplate();
  const database = openWithSql(testDatabase.url, { maxConnections: 2 });
  const signedFor = async (role: 'user' | 'admin') =>
    (await bearer({ sub: await addUser(database, role), role, expiresInS: 3_600 })).Authorization;
  token = await signedFor('user');
  adminToken = await signedFor('admin');
  await database.close();
  const server = start('server.ts', [], {
    NODE_ENV: 'test',
    DATABASE_URL: testDatabase.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    PORT: '0',
    JWT_SECRET: SECRET,
    TRIAL_HASH_KEY: 'a-key-for-trials-of-the-tests-only',
    PERSONAL_DATA_KEYS: 'tests:YS1rZXktb2YtcGVyc29ucy1vZi10aGUtdGVzdHMtMDA=',
    LOG_LEVEL: 'info',
    HYPERSWITCH_BASE_URL: 'http://127.0.0.1:1',
    HYPERSWITCH_API_KEY: 'snd_test',
    HYPERSWITCH_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_SECRET_KEY: 'sk_test_x',
    STRIPE_WEBHOOK_SECRET: 'whsec_stripe_test',
  });
  url = await listening(server);
  stop = async () => {
    server.child.kill('SIGTERM');
    await server.ended;
    await testDatabase.drop();
  };
});
afterAll(() => stop());

interface Sent {
  readonly status: number;
  readonly text: string;
}

/** By node:http, which sends a path as it is given. */
function send(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
): Promise<Sent> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sending = request({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => void (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const ORDERS = '/api/v1/marketplace/orders';
const json = (body: string, path = ORDERS) =>
  send('POST', path, { headers: { authorization: token, 'content-type': 'application/json' }, body });
const form = (body: string) =>
  send('POST', '/ops/login', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
const signed = (body: string) =>
  send('POST', '/api/v1/webhooks/hyperswitch', {
    headers: {
      'content-type': 'application/json',
      'x-webhook-signature-512': createHmac('sha512', WEBHOOK_SECRET).update(body).digest('hex'),
    },
    body,
  });

const unknownFields = (bytes: number) =>
  `{"items":[]${Array.from({ length: Math.floor(bytes / 14) - 2 }, (_, at) => `,"f${String(at).padStart(7, '0')}":0`).join('')}}`;
const zeros = (count: number) => `{"items":[${'0,'.repeat(count - 1)}0]}`;

describe('one request does not stop the API', () => {
  test.each([
    ['1 MiB of unknown fields', () => unknownFields(MIB)],
    ['120,000 items that are none', () => zeros(120_000)],
    ['half a million of them', () => zeros(500_000)],
    ['half a million brackets', () => '['.repeat(MIB / 2) + ']'.repeat(MIB / 2)],
    ['1,000 unknown fields', () => unknownFields(14_000)],
    ['one field repeated in each of 400 items', () => `{"items":[${'{"a":1},'.repeat(399)}{"a":1}]}`],
    ['a field name as long as a body', () => `{"${'a'.repeat(MIB - 20)}":1}`],
  ])('%s: 422, with twenty problems at most, each once, and others are served meanwhile', async (_, body) => {
    const text = body();
    const startedMs = performance.now();
    const sending = json(text);
    const health = await send('GET', '/health');
    const answer = await sending;
    expect(performance.now() - startedMs).toBeLessThan(ANSWERED_WITHIN_MS);
    expect(health.status).toBe(200);
    expect(answer.status).toBe(422);
    expect(answer.text.length).toBeLessThan(20_000);
    const { code, errors } = JSON.parse(answer.text) as { code: string; errors: { field: string }[] };
    expect(code).toBe('validation_failed');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(20);
    expect(new Set(errors.map(({ field }) => field)).size).toBe(errors.length);
  });

  test('a refund that names an item twice, or more items than an order has: 422', async () => {
    const path = `${ORDERS}/${uuidv7()}/refund`;
    const id = uuidv7();
    for (const items of [[id, id], Array.from({ length: 101 }, () => uuidv7())]) {
      const answer = await json(JSON.stringify({ items }), path);
      expect(answer.status).toBe(422);
      expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ field: 'items', in: 'body' }] });
    }
  });

  test('a form of 1,001 fields: 422', async () => {
    expect((await form('a=&'.repeat(1_001))).status).toBe(422);
    expect((await form('a=&'.repeat(MIB / 3 - 1))).status).toBe(422);
  });
});

describe('work grows as its input does, up to the longest that is taken', () => {
  const URL_MAX = 15 * 1024;
  const repeat = (part: string, size: number) => part.repeat(Math.floor(size / part.length));
  const get = (path: string, headers: Record<string, string> = {}) => send('GET', path, { headers });

  test.each<[string, number, (size: number) => Promise<Sent>]>([
    ['a path', URL_MAX, (size) => get(`/api/v1/${repeat('eyJ-', size)}`)],
    ['a path of addresses', URL_MAX, (size) => get(`/api/v1/${repeat('a%40', size)}`)],
    ['a path of slashes', URL_MAX, (size) => get(repeat('/', size))],
    ['a query', URL_MAX, (size) => get(`${ORDERS}?${repeat('a=&', size)}`, { authorization: token })],
    [
      'names in a query',
      URL_MAX,
      (size) => get(`${ORDERS}?${repeat('%61&', size)}`, { authorization: token }),
    ],
    [
      'a cursor',
      URL_MAX,
      (size) => get(`${ORDERS}?cursor=${repeat('YWZ0', size)}`, { authorization: token }),
    ],
    ['a token', URL_MAX, (size) => get(ORDERS, { authorization: `Bearer ${repeat('eyJ-.', size)}` })],
    [
      'spaces for a token',
      URL_MAX,
      (size) => get(ORDERS, { authorization: `Bearer ${repeat(' ', size)}x x` }),
    ],
    ['a key', URL_MAX, (size) => get(ORDERS, { 'x-api-key': repeat('vz_live_', size) })],
    ['a request id', URL_MAX, (size) => get('/health', { 'x-request-id': repeat('a', size) })],
    ['a trace', URL_MAX, (size) => get('/health', { traceparent: repeat('00-', size) })],
    ['proxies', URL_MAX, (size) => get('/health', { 'x-forwarded-for': repeat('127.0.0.1,', size) })],
    ['cookies', URL_MAX, (size) => get('/ops', { cookie: repeat('a=b;', size) })],
    [
      'what is accepted',
      URL_MAX,
      (size) =>
        get('/api/v1/sellers/me/statement', { authorization: token, accept: repeat('a/b;q=1,', size) }),
    ],
    [
      'a search',
      URL_MAX,
      (size) => get(`/ops/search?q=${repeat('eyJ-', size)}`, { authorization: adminToken }),
    ],
    ['where to go after the login', URL_MAX, (size) => get(`/ops/login?next=/ops/${repeat('../', size)}`)],
    ['fields of a form', MIB, (size) => form(repeat('a=&', size))],
    ['one field of a form', MIB, (size) => form(`next=${repeat('%2F', size - 10)}`)],
    ['unknown fields', MIB, (size) => json(unknownFields(size))],
    ['items', MIB, (size) => json(zeros(size / 2 - 10))],
    ['brackets', MIB, (size) => json(repeat('[', size))],
    ['one long text', MIB, (size) => json(`{"items":"${repeat('eyJ-', size - 20)}"}`)],
    ['quotes', MIB, (size) => json(`{"items":"${repeat('\\"', size - 20)}"}`)],
    [
      'a webhook that nobody signed',
      MIB,
      (size) =>
        send('POST', '/api/v1/webhooks/stripe', {
          headers: { 'stripe-signature': `t=1,v1=${'a'.repeat(64)}` },
          body: repeat('[', size),
        }),
    ],
    [
      'signatures',
      URL_MAX,
      (size) =>
        send('POST', '/api/v1/webhooks/stripe', {
          headers: { 'stripe-signature': repeat('v1=a,', size) },
          body: '{}',
        }),
    ],
    [
      'a webhook’s ids',
      MIB,
      (size) =>
        signed(
          `{"event_id":"${uuidv7()}","event_type":"refund_succeeded","refund_id":"${repeat('eyJ-', size - 200)}"}`,
        ),
    ],
    [
      'a webhook’s type',
      MIB,
      (size) => signed(`{"event_id":"${uuidv7()}","event_type":"${repeat('a.', size - 200)}"}`),
    ],
    [
      'a webhook’s own id',
      MIB,
      (size) => signed(`{"event_id":"${uuidv7()}${repeat('eyJ-', size - 200)}","event_type":"x"}`),
    ],
    [
      'a webhook’s message',
      MIB,
      (size) =>
        signed(
          `{"event_id":"${uuidv7()}","event_type":"refund_failed","refund_id":"x","error_message":"${repeat('a@', size - 200)}"}`,
        ),
    ],
  ])('%s', { timeout: 120_000 }, async (_, size, work) => {
    expect(await growth(work, size)).toBeLessThan(LINEAR);
  });
});

describe('a NUL or half a character is refused where it comes in', () => {
  const fieldsOf = ({ status, text }: Sent) => {
    expect(status, text).toBe(422);
    const problem = JSON.parse(text) as { code: string; errors: { in: string; field: string }[] };
    expect(problem.code).toBe('validation_failed');
    return problem.errors.map((error) => `${error.in}:${error.field}`);
  };

  test.each([
    ['a NUL in a text', { title: 'a\0b', amount: 1, currency: 'EUR' }, 'body:title'],
    ['half a character', { title: 'a\uD800b', amount: 1, currency: 'EUR' }, 'body:title'],
    ['its other half', { title: '\uDC00', amount: 1, currency: 'EUR' }, 'body:title'],
    ['deep inside', { title: { a: ['x\0'] }, amount: 1, currency: 'EUR' }, 'body:title.a.0'],
    ['in the name of a field', { 'a\0': 1 }, 'body:body'],
  ])('JSON with %s', async (_, body, field) => {
    const answer = await send('POST', '/api/v1/marketplace/products', {
      headers: { authorization: adminToken, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(fieldsOf(answer)).toEqual([field]);
  });

  test('a whole pair is a character', async () => {
    const answer = await send('POST', '/api/v1/marketplace/products', {
      headers: { authorization: adminToken, 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Night \u{1F319}', amount: 1, currency: 'EUR' }),
    });
    expect(answer.status).toBe(201);
  });

  test('bytes that are no UTF-8: 400', async () => {
    const answer = await new Promise<Sent>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const headers = { authorization: token, 'content-type': 'application/json' };
      const sending = request({ hostname, port, method: 'POST', path: ORDERS, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => void (text += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sending.on('error', reject);
      sending.end(Buffer.concat([Buffer.from('{"items":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
    });
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('malformed_json') });
  });

  test.each([
    [`${ORDERS}?cursor=a%00`, 'query:cursor'],
    [`${ORDERS}?sort=%00`, 'query:sort'],
    ['/api/v1/admin/stuck?error=a%00b', 'query:error'],
    ['/api/v1/admin/stuck?currency=%00', 'query:currency'],
    ['/api/v1/admin/webhooks?outcome=%00', 'query:outcome'],
    ['/api/v1/admin/story?subject=order%2F%00', 'query:subject'],
    [`${ORDERS}/%00`, 'path:path'],
    ['/ops/search?q=a%00', 'query:q'],
    ['/ops/story/order/%00', 'path:path'],
    ['/ops/audit?actor=%00&action=x', 'query:actor'],
    ['/ops/stuck?error=%00', 'query:error'],
  ])('%s', async (path, field) => {
    expect(fieldsOf(await send('GET', path, { headers: { authorization: adminToken } }))).toEqual([field]);
  });

  test('a form', async () => {
    expect((await form('token=a%00b')).status).toBe(422);
    expect((await form('next=%00&token=x')).status).toBe(422);
  });
});
