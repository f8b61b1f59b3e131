import { createHmac } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setMaintenance } from '../../db/operators/set-maintenance.ts';
import { auditLog, platformSettings } from '../../db/kernel/schema.ts';
import {
  addUser,
  bearer,
  bodyOf,
  CLOSED_DATABASE_URL,
  CONFIG,
  openApi,
  tokenOf,
  type ApiWorld,
} from '../harness/api.ts';

const SWITCH = '/api/v1/admin/maintenance';
const ORDERS = '/api/v1/marketplace/orders';

let world: ApiWorld;
let adminId: string;
beforeAll(async () => {
  world = await openApi();
  adminId = await addUser(world.database, 'admin');
});
beforeEach(async () => {
  await world.database.db.delete(platformSettings).where(eq(platformSettings.key, 'maintenance_mode'));
});

/** Another API process on the same database, by a clock that the test moves. */
async function openProcess({ isOnAtStart = false } = {}) {
  const clock = { ms: Date.now() };
  const { app } = await openApi({
    databaseUrl: world.databaseUrl,
    config: { ...CONFIG, MAINTENANCE_MODE: isOnAtStart },
    now: () => new Date(clock.ms),
  });
  const headers = {
    Authorization: `Bearer ${await tokenOf({ sub: adminId, role: 'admin', expiresInS: 3600 })}`,
    'Content-Type': 'application/json',
  };
  return {
    app,
    clock,
    put: (enabled: boolean) =>
      app.request(SWITCH, {
        method: 'PUT',
        headers,
        body: JSON.stringify({ enabled, reason: 'moving house' }),
      }),
    look: async () => bodyOf(await app.request(SWITCH, { headers })),
    statusOf: async (path: string, init: RequestInit = {}) =>
      (await app.request(path, { headers, ...init })).status,
  };
}

test('the setting is called maintenance_mode and is there, off, once the database is migrated', async () => {
  const fresh = await openApi();
  const rows = await fresh.database.db
    .select({ key: platformSettings.key, isOn: platformSettings.valueBool })
    .from(platformSettings);
  expect(rows).toEqual([{ key: 'maintenance_mode', isOn: false }]);
});

test('closes all but health, operations and webhooks, with 503 and Retry-After', async () => {
  const { app, put, statusOf } = await openProcess();
  expect((await put(true)).status).toBe(200);
  for (const path of [ORDERS, '/api/v1/sellers/me/balance', '/api/v1/nowhere', '/api/v1/administrators']) {
    const response = await app.request(path);
    expect(response.status, path).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await bodyOf(response)).toMatchObject({
      code: 'maintenance',
      status: 503,
      may_still_be_carried_out: false,
    });
  }
  const keyed = await app.request(ORDERS, { method: 'POST', headers: { 'Idempotency-Key': 'k1' } });
  expect(await bodyOf(keyed)).toMatchObject({ code: 'maintenance', may_still_be_carried_out: true });
  for (const path of ['/health', '/api/v1/admin/transfers', '/api/v1/admin/stuck', SWITCH]) {
    expect(await statusOf(path), path).toBe(200);
  }
  const body = '{"event_id":"e1","event_type":"noted","content":{"type":"other","object":{}}}';
  const signature = createHmac('sha512', 'whsec_hyperswitch_test').update(body).digest('hex');
  const webhook = await app.request('/api/v1/webhooks/hyperswitch', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Webhook-Signature-512': signature },
    body,
  });
  expect(await bodyOf(webhook)).not.toMatchObject({ code: 'maintenance' });
  expect((await put(false)).status).toBe(200);
  expect(await statusOf(ORDERS)).toBe(200);
});

test('another process follows within 10 s, in both directions', async () => {
  const [first, second] = [await openProcess(), await openProcess()];
  expect(await second.statusOf(ORDERS)).toBe(200);
  await first.put(true);
  expect(await first.statusOf(ORDERS)).toBe(503);
  second.clock.ms += 9_999;
  expect(await second.statusOf(ORDERS)).toBe(200);
  second.clock.ms += 1;
  expect(await second.statusOf(ORDERS)).toBe(503);
  await first.put(false);
  second.clock.ms += 10_000;
  expect(await second.statusOf(ORDERS)).toBe(200);
});

test('each switch is in the audit log, with its reason', async () => {
  const { put } = await openProcess();
  await put(true);
  await put(false);
  const lines = await world.database.db.select().from(auditLog).where(eq(auditLog.subject, 'maintenance'));
  expect(lines.slice(-2)).toMatchObject([
    { actor: adminId, action: 'maintenance.switch', after: { enabled: true }, reason: 'moving house' },
    { before: { enabled: true }, after: { enabled: false } },
  ]);
});

test('a switch takes `enabled` alone, and is refused to whoever is no admin', async () => {
  const put = async (sub: string, body: object) =>
    world.app.request(SWITCH, {
      method: 'PUT',
      headers: { ...(await bearer({ sub })), 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const moderatorId = await addUser(world.database, 'moderator');
  const off = await put(adminId, { enabled: false });
  expect({ status: off.status, body: await bodyOf(off) }).toMatchObject({
    status: 200,
    body: { maintenance: { enabled: false } },
  });
  expect((await put(adminId, { reason: 'x' })).status).toBe(422);
  expect((await put(moderatorId, { enabled: true, reason: 'x' })).status).toBe(403);
  expect((await world.app.request(SWITCH)).status).toBe(401);
});

describe('MAINTENANCE_MODE', () => {
  test('closes the process that is started with it, and no other', async () => {
    const fresh = await openProcess({ isOnAtStart: true });
    const other = await openProcess();
    expect(await fresh.statusOf(ORDERS)).toBe(503);
    expect(await other.statusOf(ORDERS)).toBe(200);
    expect(await fresh.look()).toEqual({
      maintenance: { enabled: true, changed_at: null, by_environment: true },
    });
  });

  test('is switched off by PUT, also where the setting was off before', async () => {
    await setMaintenance(world.database.db, false, { actor: adminId, reason: 'long ago' });
    const fresh = await openProcess({ isOnAtStart: true });
    expect(await fresh.statusOf(ORDERS)).toBe(503);
    await fresh.put(false);
    expect(await fresh.statusOf(ORDERS)).toBe(200);
    expect(await fresh.look()).toMatchObject({ maintenance: { enabled: false, by_environment: false } });
  });

  test('is switched off by PUT at another process, within 10 s', async () => {
    const fresh = await openProcess({ isOnAtStart: true });
    expect(await fresh.statusOf(ORDERS)).toBe(503);
    await (await openProcess()).put(false);
    fresh.clock.ms += 10_000;
    expect(await fresh.statusOf(ORDERS)).toBe(200);
  });
});

test('a database that is away closes nothing by itself: what was asked says that it is', async () => {
  const { app } = await openApi({ databaseUrl: CLOSED_DATABASE_URL });
  const response = await app.request(ORDERS, { headers: await bearer({ sub: adminId }) });
  expect(response.status).toBe(503);
  expect(await bodyOf(response)).toMatchObject({ code: 'engine_unavailable' });
});
