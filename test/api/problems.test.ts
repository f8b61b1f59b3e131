import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { addUser, bearer, bodyOf, openApi, type ApiWorld } from '../harness/api.ts';

const ORDERS = '/api/v1/marketplace/orders';

let world: ApiWorld;
let headers: Record<string, string>;
beforeAll(async () => {
  world = await openApi();
  headers = await bearer({ sub: await addUser(world.database) });
});

const post = (path: string, body: string | undefined, more: Record<string, string> = {}) =>
  world.app.request(path, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', ...more },
    ...(body !== undefined && { body }),
  });

describe('a problem document', () => {
  test('says what, where and under which request id, and nothing of the inside', async () => {
    const response = await world.app.request(`${ORDERS}/${uuidv7()}`, {
      headers: { ...headers, 'X-Request-Id': 'test-1' },
    });
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await bodyOf(response)).toEqual({
      type: 'urn:veza:problem:order_not_found',
      title: 'No such order',
      status: 404,
      detail: expect.stringContaining('There is no order'),
      code: 'order_not_found',
      instance: expect.stringContaining(ORDERS),
      request_id: 'test-1',
    });
  });

  test('masks addresses that a caller typed', async () => {
    const response = await world.app.request('/api/v1/nowhere/ada@people.example', { headers });
    expect(await bodyOf(response)).toMatchObject({
      detail: 'There is nothing at /***@people.example.',
      instance: '/***@people.example',
    });
  });

  test('unknown path: 404 not_found', async () => {
    for (const path of ['/nowhere', '/api/v1/nowhere']) {
      const response = await world.app.request(path);
      expect(response.status).toBe(404);
      expect(await bodyOf(response)).toMatchObject({ code: 'not_found', instance: path });
    }
  });

  test('wrong method: 405 with Allow', async () => {
    const response = await world.app.request(ORDERS, { method: 'DELETE', headers });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, GET, HEAD');
    expect(response.headers.get('x-request-id')).toBeTruthy();
    expect(await bodyOf(response)).toMatchObject({ code: 'method_not_allowed' });
  });

  test('malformed JSON: 400', async () => {
    const response = await post(ORDERS, '{"items":');
    expect(response.status).toBe(400);
    expect(await bodyOf(response)).toMatchObject({ code: 'malformed_json' });
  });

  test('another content type: 415', async () => {
    const response = await post(ORDERS, 'items=1', { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect(response.status).toBe(415);
    expect(await bodyOf(response)).toMatchObject({ code: 'unsupported_media_type' });
  });

  test.each([
    ['that says its length', { 'Content-Length': String(1024 * 1024 + 1) }],
    ['that does not', {}],
  ])('a body over 1 MiB %s: 413', async (_, more: Record<string, string>) => {
    const response = await post(ORDERS, JSON.stringify('x'.repeat(1024 * 1024)), more);
    expect(response.status).toBe(413);
    expect(await bodyOf(response)).toMatchObject({ code: 'payload_too_large', max_bytes: 1024 * 1024 });
  });
});

describe('validation names each field at fault', () => {
  const fieldsOf = async (response: Response) => {
    expect(response.status).toBe(422);
    const { code, errors } = (await response.json()) as {
      code: string;
      errors: { in: string; field: string }[];
    };
    expect(code).toBe('validation_failed');
    return errors.map((error) => `${error.in}:${error.field}`);
  };

  test.each([
    ['no items', '{}', ['body:items']],
    ['no object', '[]', ['body:body']],
    [
      'ids that are none',
      '{"items":[{"product_id":"1"},{}]}',
      ['body:items.0.product_id', 'body:items.1.product_id'],
    ],
    ['fields it does not know', '{"items":[],"coupon":1,"gift":true}', ['body:coupon', 'body:gift']],
    [
      '101 items',
      JSON.stringify({ items: Array.from({ length: 101 }, () => ({ product_id: uuidv7() })) }),
      ['body:items'],
    ],
  ])('order with %s', async (_, body, fields) => {
    expect(await fieldsOf(await post(ORDERS, body))).toEqual(fields);
  });

  test('path', async () => {
    expect(await fieldsOf(await world.app.request(`${ORDERS}/17`, { headers }))).toEqual(['path:orderId']);
  });

  test.each([
    ['limit=many', 'query:limit'],
    ['limit=0', 'query:limit'],
    ['limit=1.5', 'query:limit'],
    ['cursor=garbage', 'query:cursor'],
  ])('query %s', async (query, field) => {
    expect(await fieldsOf(await world.app.request(`${ORDERS}?${query}`, { headers }))).toEqual([field]);
  });

  test.each([
    [{ title: '', amount: 1, currency: 'EUR' }, 'body:title'],
    [{ title: 'x', amount: 0, currency: 'EUR' }, 'body:amount'],
    [{ title: 'x', amount: 1.5, currency: 'EUR' }, 'body:amount'],
    [{ title: 'x', amount: 1e300, currency: 'EUR' }, 'body:amount'],
    [{ title: 'x', amount: '100', currency: 'EUR' }, 'body:amount'],
    [{ title: 'x', amount: 1, currency: 'eur' }, 'body:currency'],
    [{ title: 'x', amount: 1, currency: 'XYZ' }, 'body:currency'],
  ])('product %j', async (product, field) => {
    const sub = await addUser(world.database, 'artist');
    const response = await post(
      '/api/v1/marketplace/products',
      JSON.stringify(product),
      await bearer({ sub, role: 'artist' }),
    );
    expect(await fieldsOf(response)).toEqual([field]);
  });
});

describe('refusals before anything is started', () => {
  test('an empty order: 422 order_empty', async () => {
    const response = await post(ORDERS, '{"items":[]}');
    expect(response.status).toBe(422);
    expect(await bodyOf(response)).toMatchObject({ code: 'order_empty' });
  });

  test.each([[''], ['a b'], ['ü'], ['x'.repeat(256)]])('Idempotency-Key %j: 400', async (key) => {
    const response = await post(ORDERS, '{"items":[]}', { 'Idempotency-Key': key });
    expect(response.status).toBe(400);
    expect(await bodyOf(response)).toMatchObject({ code: 'idempotency_key_invalid' });
  });

  test('a body of nothing but brackets is refused', async () => {
    const response = await post(
      `${ORDERS}/${uuidv7()}/refund`,
      `{"amount":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      {
        'Idempotency-Key': 'deep',
      },
    );
    expect(response.status).toBe(422);
  });
});

describe('request ids', () => {
  test.each(['abc-123', 'trace:0.1_x', 'a'.repeat(128)])('%s is taken over', async (id) => {
    const response = await world.app.request('/health', { headers: { 'X-Request-Id': id } });
    expect(response.headers.get('x-request-id')).toBe(id);
  });

  test.each(['', 'a b', '"; DROP', 'a'.repeat(129), '<script>'])('%j is replaced', async (id) => {
    const response = await world.app.request('/health', { headers: { 'X-Request-Id': id } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('stand in the log line of the request', async () => {
    await world.app.request(`${ORDERS}?email=someone@people.example`, {
      headers: { ...headers, 'X-Request-Id': 'log-1' },
    });
    const lines = world.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const ours = lines.filter((line) => line['requestId'] === 'log-1');
    expect(ours).toHaveLength(1);
    expect(ours[0]).toMatchObject({
      level: 'info',
      method: 'GET',
      path: ORDERS,
      status: 200,
      userId: expect.any(String),
    });
    expect(JSON.stringify(ours)).not.toContain('someone');
  });
});

describe('headers', () => {
  test('security headers are on every answer', async () => {
    for (const path of ['/health', '/nowhere', ORDERS]) {
      const response = await world.app.request(path);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('x-frame-options')).toBe('DENY');
      expect(response.headers.get('strict-transport-security')).toBeTruthy();
    }
  });

  test('a listed origin may call, another may not', async () => {
    const preflight = (origin: string) =>
      world.app.request(ORDERS, {
        method: 'OPTIONS',
        headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
      });
    const listed = await preflight('https://shop.example');
    expect(listed.status).toBe(204);
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(listed.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
    const other = await preflight('https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});
