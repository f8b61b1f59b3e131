import { createHmac } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { auditLog } from '../../db/kernel/schema.ts';
import { temporalAddress } from '../harness/services.ts';
import {
  addOrder,
  addProduct,
  addUser,
  bearer,
  bodyOf,
  CLOSED_ADDRESS,
  CLOSED_DATABASE_URL,
  openApi,
} from '../harness/api.ts';

test('database down: 503 with Retry-After, nothing of it in the body, and the outcome of what is no repeat known', async () => {
  const { app } = await openApi({ databaseUrl: CLOSED_DATABASE_URL });
  const headers = { ...(await bearer({ sub: uuidv7() })), 'Content-Type': 'application/json' };
  const keyed = { ...headers, 'Idempotency-Key': 'k1' };
  const items = JSON.stringify({ items: [{ product_id: uuidv7() }] });
  const refund = `/api/v1/marketplace/orders/${uuidv7()}/refund`;
  const calls: [string, RequestInit, boolean][] = [
    ['/api/v1/marketplace/orders', { headers: keyed }, false],
    ['/api/v1/marketplace/orders', { method: 'POST', headers, body: items }, false],
    [refund, { method: 'POST', headers, body: '{}' }, false],
    // The call that they repeat may have been kept, and be carried out once the engine is back.
    ['/api/v1/marketplace/orders', { method: 'POST', headers: keyed, body: items }, true],
    [refund, { method: 'POST', headers: keyed, body: '{}' }, true],
  ];
  for (const [path, init, mayStill] of calls) {
    const response = await app.request(path, init);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      code: 'engine_unavailable',
      may_still_be_carried_out: mayStill,
    });
    expect(text).not.toMatch(/127\.0\.0\.1|ECONN|select|insert/i);
  }
});

test('engine down: 503 that says the request may still be carried out, and nothing is written', async () => {
  const { app, database } = await openApi();
  const buyerId = await addUser(database);
  const sellerId = await addUser(database, 'artist');
  const productId = await addProduct(database, sellerId);
  const { orderId } = await addOrder(database, { buyerId, sellerId, productId });
  const headers = { ...(await bearer({ sub: buyerId })), 'Content-Type': 'application/json' };

  const placing = await app.request('/api/v1/marketplace/orders', {
    method: 'POST',
    headers,
    body: JSON.stringify({ items: [{ product_id: productId }] }),
  });
  const refunding = await app.request(`/api/v1/marketplace/orders/${orderId}/refund`, {
    method: 'POST',
    headers,
  });
  for (const response of [placing, refunding]) {
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBeTruthy();
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code: 'engine_unavailable', may_still_be_carried_out: true });
    expect(text).not.toContain(CLOSED_ADDRESS);
  }
  const orders = await app.request('/api/v1/marketplace/orders', { headers });
  expect(((await orders.json()) as { data: unknown[] }).data).toMatchObject([
    { id: orderId, status: 'completed' },
  ]);
  const refunds = await app.request(`/api/v1/marketplace/orders/${orderId}/refunds`, { headers });
  expect(await bodyOf(refunds)).toEqual({ data: [], next_cursor: null });
});

test('ready says which part is away; alive whatever is', async () => {
  const away = await openApi({ databaseUrl: CLOSED_DATABASE_URL });
  const response = await away.app.request('/ready');
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBeTruthy();
  expect(await bodyOf(response)).toMatchObject({ database: 'unavailable', temporal: 'unavailable' });
  expect(await bodyOf(await away.app.request('/health'))).toEqual({ status: 'alive' });

  const half = await openApi();
  expect(await bodyOf(await half.app.request('/ready'))).toMatchObject({
    database: 'ok',
    temporal: 'unavailable',
  });

  const { database } = half;
  await database.db.execute(
    sql`DELETE FROM drizzle.__drizzle_migrations WHERE created_at = (SELECT max(created_at) FROM drizzle.__drizzle_migrations)`,
  );
  const old = await half.app.request('/ready');
  expect(old.status).toBe(503);
  expect(await bodyOf(old)).toMatchObject({
    database: 'not_migrated',
    missing_migrations: expect.stringMatching(/^\d{4}_\w+$/),
  });
  await database.db.execute(sql`DROP SCHEMA drizzle CASCADE`);
  const empty = await bodyOf(await half.app.request('/ready'));
  expect(empty['missing_migrations']).toContain('0000_money_core');

  const whole = await openApi({ temporalAddress: temporalAddress() });
  const ready = await whole.app.request('/ready');
  expect(ready.status).toBe(200);
  expect(await bodyOf(ready)).toEqual({ status: 'ready', database: 'ok', temporal: 'ok' });
});

test('a database that fails in a way we do not know: 500 without a word of it, logged under the request id', async () => {
  const { app, database, logLines } = await openApi();
  await database.sql`ALTER TABLE orders RENAME TO orders_elsewhere`;
  const sub = await addUser(database);
  const headers = { ...(await bearer({ sub })), 'X-Request-Id': 'broken-1' };
  const response = await app.request('/api/v1/marketplace/orders', { headers });
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const text = await response.text();
  expect(text).not.toMatch(/orders_elsewhere|relation|select/i);
  // Word for word: no statement, no line of a stack, no name of a host has a place in it.
  expect(JSON.parse(text)).toEqual({
    type: 'urn:veza:problem:internal_error',
    title: expect.any(String),
    status: 500,
    detail: 'The failure is in our log under this request id.',
    code: 'internal_error',
    instance: '/api/v1/marketplace/orders',
    request_id: 'broken-1',
  });
  const logged = logLines.find((line) => line.includes('"request failed"'));
  expect(logged).toContain('"requestId":"broken-1"');
  expect(logged).toContain('relation');
});

test('webhooks: a bad or missing signature is 401 and not stored; what is signed and no JSON is 400', async () => {
  const { app, database, logLines } = await openApi();
  const send = (path: string, body: string, headers: Record<string, string>) =>
    app.request(`/api/v1/webhooks/${path}`, { method: 'POST', body, headers });
  const signed = (body: string) => ({
    'X-Webhook-Signature-512': createHmac('sha512', 'whsec_hyperswitch_test').update(body).digest('hex'),
  });

  for (const [path, headers] of [
    ['hyperswitch', {}],
    ['hyperswitch', { 'X-Webhook-Signature-512': 'f'.repeat(128) }],
    ['stripe', {}],
    ['stripe', { 'Stripe-Signature': 't=1,v1=00' }],
  ] as const) {
    const response = await send(path, '{"event_type":"refund_succeeded"}', headers);
    expect(response.status).toBe(401);
    expect(await bodyOf(response)).toMatchObject({ code: 'signature_invalid' });
  }
  expect(logLines.filter((line) => line.includes('webhook_signature_refused'))).toHaveLength(4);

  const notJson = await send('hyperswitch', 'refund!', signed('refund!'));
  expect(notJson.status).toBe(400);
  expect(await bodyOf(notJson)).toMatchObject({ code: 'malformed_json' });

  const large = 'x'.repeat(1024 * 1024 + 1);
  expect((await send('hyperswitch', large, signed(large))).status).toBe(413);
  const stored = await database.sql`SELECT count(*)::int AS count FROM webhook_events`;
  expect(stored[0]?.['count']).toBe(0);
});

test('engine down: the audit log knows of a sweep that was asked for before the engine does', async () => {
  const { app, database } = await openApi();
  const adminId = await addUser(database, 'admin');
  const response = await app.request('/api/v1/admin/reconcile', {
    method: 'POST',
    headers: {
      ...(await bearer({ sub: adminId, role: 'admin' })),
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ phases: ['lost_work'], reason: 'after the restore' }),
  });
  expect(response.status).toBe(503);
  expect(await bodyOf(response)).toMatchObject({
    code: 'engine_unavailable',
    may_still_be_carried_out: true,
  });
  expect(await database.db.select().from(auditLog)).toMatchObject([
    {
      action: 'reconcile.run',
      actor: adminId,
      reason: 'after the restore',
      subject: expect.stringMatching(/^reconcile\/[0-9a-f-]{36}$/),
      after: { phases: ['lost_work'] },
    },
  ]);
});
