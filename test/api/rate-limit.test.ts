import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeKey as newKey } from '../../db/accounts/key-text.ts';
import { createApiKey, type NewApiKey } from '../../db/accounts/create-api-key.ts';
import { readVariables } from '../../config.ts';
import { takeBearerCall, takeCall } from '../../db/accounts/take-call.ts';
import { apiKeyUsage, bearerUsage } from '../../db/accounts/schema.ts';
import type { CallKind } from '../../domain/accounts/api-keys.ts';
import { listening, start } from '../harness/processes.ts';
import {
  addUser,
  bearer,
  bodyOf,
  CLOSED_ADDRESS,
  CONFIG,
  openApi,
  SECRET,
  type ApiWorld,
} from '../harness/api.ts';

const ORDERS = '/api/v1/marketplace/orders';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

async function makeKey(set: Partial<NewApiKey> = {}) {
  const userId = await addUser(world.database, 'artist');
  const asked = {
    userId,
    name: 'x',
    scopes: ['read', 'write'] as const,
    expiresAt: null,
    readsPerHour: 1000,
    writesPerHour: 200,
    ...set,
  };
  const { key, prefix, keyHash } = newKey();
  const toKeep = { ...asked, id: uuidv7(), prefix, keyHash };
  const apiKey = await world.database.db.transaction((tx) => createApiKey(tx, toKeep, { actor: userId }));
  return { key, keyId: apiKey.id };
}

const get = (key: string, path = ORDERS) => world.app.request(path, { headers: { 'X-API-Key': key } });

const limitOf = (response: Response) => ({
  limit: Number(response.headers.get('x-ratelimit-limit')),
  remaining: Number(response.headers.get('x-ratelimit-remaining')),
  resetsInS: Number(response.headers.get('x-ratelimit-reset')) - Date.now() / 1000,
});

describe('the limit of an API key', () => {
  test('is on each answer, also on one that fails', async () => {
    const { key } = await makeKey();
    expect(limitOf(await get(key))).toMatchObject({ limit: 1000, remaining: 999 });
    const missing = await get(key, `${ORDERS}/0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11`);
    expect(missing.status).toBe(404);
    const { remaining, resetsInS } = limitOf(missing);
    expect(remaining).toBe(998);
    expect(resetsInS).toBeGreaterThan(0);
    expect(resetsInS).toBeLessThanOrEqual(3605);
  });

  test('counts reads and writes apart', async () => {
    const { key } = await makeKey();
    await get(key);
    const response = await world.app.request('/api/v1/marketplace/products', {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify({ title: 'x', amount: 1, currency: 'EUR' }),
    });
    expect(response.status).toBe(201);
    expect(limitOf(response)).toMatchObject({ limit: 200, remaining: 199 });
  });

  test('once used up: 429 with Retry-After, and nothing is done', async () => {
    const { key } = await makeKey({ readsPerHour: 2 });
    expect([(await get(key)).status, (await get(key)).status]).toEqual([200, 200]);
    const response = await get(key);
    expect(response.status).toBe(429);
    expect(await bodyOf(response)).toMatchObject({ code: 'rate_limited', limit: 2 });
    const { remaining, resetsInS } = limitOf(response);
    expect(remaining).toBe(0);
    const retryAfterS = Number(response.headers.get('retry-after'));
    expect(retryAfterS).toBeGreaterThan(0);
    expect(Math.abs(retryAfterS - resetsInS)).toBeLessThan(3);
  });

  test('does not hold bearer tokens, which have one of their own', async () => {
    const response = await world.app.request(ORDERS, {
      headers: await bearer({ sub: await addUser(world.database) }),
    });
    expect(response.status).toBe(200);
    expect(limitOf(response).limit).toBe(CONFIG.RATE_LIMIT_BEARER);
  });

  test('holds over two API processes: exactly as many pass as are free', { timeout: 120_000 }, async () => {
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: world.databaseUrl,
      TEMPORAL_ADDRESS: CLOSED_ADDRESS,
      PORT: '0',
      JWT_SECRET: SECRET,
      TRIAL_HASH_KEY: 'a-key-for-trials-of-the-tests-only',
      PERSONAL_DATA_KEYS: 'tests:YS1rZXktb2YtcGVyc29ucy1vZi10aGUtdGVzdHMtMDA=',
      HYPERSWITCH_BASE_URL: 'http://127.0.0.1:1',
      HYPERSWITCH_API_KEY: 'snd_test',
      HYPERSWITCH_WEBHOOK_SECRET: 'whsec_hyperswitch',
      STRIPE_SECRET_KEY: 'sk_test_x',
      STRIPE_WEBHOOK_SECRET: 'whsec_stripe',
    };
    const servers = [start('server.ts', [], env), start('server.ts', [], env)];
    const urls = await Promise.all(servers.map(listening));
    const { key } = await makeKey({ readsPerHour: 30 });
    const statuses = await Promise.all(
      Array.from({ length: 80 }, async (_, index) => {
        const response = await fetch(`${urls[index % 2]}${ORDERS}`, { headers: { 'X-API-Key': key } });
        await response.text();
        return response.status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(30);
    expect(statuses.filter((status) => status === 429)).toHaveLength(50);
    for (const { child } of servers) child.kill('SIGTERM');
    for (const { ended } of servers) expect(await ended).toMatchObject({ code: 0 });
  });
});

describe('the hour slides', () => {
  /** What a key had used, as if it had been counted at that time. `share` of this hour has passed. */
  async function counted(
    keyId: string,
    kind: CallKind,
    { used, hoursAgo }: { used: number; hoursAgo: number },
  ) {
    await world.database.db.insert(apiKeyUsage).values({
      keyId,
      kind,
      hour: sql`date_bin('1 hour', clock_timestamp(), 'epoch'::timestamptz) - ${hoursAgo} * interval '1 hour'`,
      used,
      usedBefore: 0,
      lastUsedAt: sql`now() - ${hoursAgo} * interval '1 hour'`,
    });
  }
  const take = (keyId: string, perHour: number) =>
    takeCall(world.database.db, { keyId, kind: 'read', perHour });

  test('calls of the hour before count for their share of the last sixty minutes', async () => {
    const { keyId } = await makeKey();
    await counted(keyId, 'read', { used: 3600, hoursAgo: 1 });
    const { isAllowed, remaining, at } = await take(keyId, 3600);
    const elapsedS = (at.getTime() % 3_600_000) / 1000;
    expect(isAllowed).toBe(elapsedS >= 1);
    // One of them leaves each second, and this call came.
    expect(Math.abs(remaining - (elapsedS - 1))).toBeLessThanOrEqual(1);
  });

  test('so a full hour opens no second limit at once', async () => {
    const { keyId } = await makeKey();
    await counted(keyId, 'read', { used: 10_000, hoursAgo: 1 });
    const { isAllowed, nextFreeAt, at } = await take(keyId, 100);
    expect(isAllowed).toBe(false);
    const elapsedS = (at.getTime() % 3_600_000) / 1000;
    // 99 of 10,000 are left when 0.99 % of the hour is.
    const freeAtS = 3600 * (1 - 99 / 10_000);
    expect((nextFreeAt.getTime() - at.getTime()) / 1000).toBeCloseTo(Math.max(freeAtS - elapsedS, 0), 0);
  });

  test('what is two hours ago counts no more', async () => {
    const { keyId } = await makeKey();
    await counted(keyId, 'read', { used: 10_000, hoursAgo: 2 });
    expect(await take(keyId, 5)).toMatchObject({ isAllowed: true, remaining: 4 });
    const [row] = await world.database.db.select().from(apiKeyUsage).where(eq(apiKeyUsage.keyId, keyId));
    expect(row).toMatchObject({ used: 1, usedBefore: 0 });
  });

  test('whoever comes back when told is let in', async () => {
    const { keyId } = await makeKey();
    for (let count = 0; count < 3; count++) await take(keyId, 3);
    const { isAllowed, nextFreeAt, at } = await take(keyId, 3);
    expect(isAllowed).toBe(false);
    // As if that time had come: everything counted lies as much further back.
    const waitMs = nextFreeAt.getTime() - at.getTime();
    const [row] = await world.database.db.select().from(apiKeyUsage).where(eq(apiKeyUsage.keyId, keyId));
    const hourMs = row!.hour.getTime();
    const thenElapsedS = (nextFreeAt.getTime() - hourMs) / 1000 - 3600;
    expect(waitMs).toBeGreaterThan(0);
    // In the hour after: 3 calls × the share left + this one fit into 3.
    expect(3 * (1 - thenElapsedS / 3600) + 1).toBeCloseTo(3, 5);
  });
});

describe('the limit of bearer tokens', () => {
  const WITH_LIMIT = (perMinute: number) => ({ ...CONFIG, RATE_LIMIT_BEARER: perMinute });

  test('is a person’s, whichever of their tokens: on each answer, then 429 with Retry-After', async () => {
    const limited = await openApi({ databaseUrl: world.databaseUrl, config: WITH_LIMIT(3) });
    const sub = await addUser(world.database);
    const tokens = [await bearer({ sub }), await bearer({ sub, expiresInS: 120 })];
    const ask = (at: number, path = ORDERS) => limited.app.request(path, { headers: tokens[at % 2]! });
    expect(limitOf(await ask(0))).toMatchObject({ limit: 3, remaining: 2 });
    const missing = await ask(1, `${ORDERS}/0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11`);
    expect(missing.status).toBe(404);
    expect(limitOf(missing)).toMatchObject({ limit: 3, remaining: 1 });
    expect(limitOf(await ask(2)).remaining).toBe(0);
    const refused = await ask(3);
    expect(refused.status).toBe(429);
    expect(await bodyOf(refused)).toMatchObject({ code: 'rate_limited', limit: 3 });
    expect(limitOf(refused)).toMatchObject({ limit: 3, remaining: 0 });
    const retryAfterS = Number(refused.headers.get('retry-after'));
    expect(retryAfterS).toBeGreaterThan(0);
    expect(retryAfterS).toBeLessThanOrEqual(120);
    const somebodyElse = await bearer({ sub: await addUser(world.database) });
    expect((await limited.app.request(ORDERS, { headers: somebodyElse })).status).toBe(200);
  });

  test('is 600 a minute unless it is set', () => {
    expect(readVariables({}, ['RATE_LIMIT_BEARER'])).toEqual({ RATE_LIMIT_BEARER: 600 });
  });

  test('holds over all processes: of calls at once exactly as many pass as are free', async () => {
    const processes = [
      await openApi({ databaseUrl: world.databaseUrl, config: WITH_LIMIT(30) }),
      await openApi({ databaseUrl: world.databaseUrl, config: WITH_LIMIT(30) }),
    ];
    const headers = await bearer({ sub: await addUser(world.database) });
    const statuses = await Promise.all(
      Array.from({ length: 80 }, async (_, index) => {
        const response = await processes[index % 2]!.app.request(ORDERS, { headers });
        return response.status;
      }),
    );
    // A minute that turns meanwhile may let one or two more pass, and never a second thirty.
    const passed = statuses.filter((status) => status === 200).length;
    expect(passed).toBeGreaterThanOrEqual(30);
    expect(passed).toBeLessThan(40);
    expect(statuses.filter((status) => status === 429)).toHaveLength(80 - passed);
  });

  test('a token that does not verify costs nobody anything', async () => {
    const limited = await openApi({ databaseUrl: world.databaseUrl, config: WITH_LIMIT(2) });
    const sub = await addUser(world.database);
    const forged = await bearer({ sub, secret: 'another-secret-with-over-32-characters-in-it' });
    for (let time = 0; time < 5; time += 1) {
      expect((await limited.app.request(ORDERS, { headers: forged })).status).toBe(401);
    }
    expect((await limited.app.request(ORDERS, { headers: await bearer({ sub }) })).status).toBe(200);
  });

  test('a minute before counts for its share', async () => {
    const userId = await addUser(world.database);
    await world.database.db.insert(bearerUsage).values({
      userId,
      minute: sql`date_bin('1 minute', clock_timestamp(), 'epoch'::timestamptz) - interval '1 minute'`,
      used: 600,
      usedBefore: 0,
      lastUsedAt: sql`now() - interval '1 minute'`,
    });
    const { remaining, at } = await takeBearerCall(world.database.db, {
      userId,
      sessionId: null,
      perMinute: 600,
    });
    const elapsedS = (at.getTime() % 60_000) / 1000;
    expect(Math.abs(remaining - (elapsedS * 10 - 1))).toBeLessThanOrEqual(1);
  });
});
