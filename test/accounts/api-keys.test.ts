import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditLog } from '../../db/kernel/schema.ts';
import { users, apiKeys, apiKeyUsage } from '../../db/accounts/schema.ts';
import { readStanding } from '../../db/accounts/index.ts';
import { createLogger } from '../../log.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import {
  addOrder,
  addProduct,
  addUser,
  bearer,
  bodyOf,
  CLOSED_DATABASE_URL,
  openApi,
  type ApiWorld,
} from '../harness/api.ts';

const KEYS = '/api/v1/admin/api-keys';
const PRODUCTS = '/api/v1/marketplace/products';
const ORDERS = '/api/v1/marketplace/orders';

let world: ApiWorld;
let admin: Record<string, string>;
let adminId: string;
beforeAll(async () => {
  world = await openApi();
  adminId = await addUser(world.database, 'admin');
  admin = await bearer({ sub: adminId, role: 'admin' });
});

const postJson = (path: string, body: unknown, headers: Record<string, string>) =>
  world.app.request(path, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

interface Made {
  key: string;
  api_key: { id: string; prefix: string };
}

/** A key as an admin makes it over HTTP for itself, before it gets the role that it has from then on. */
async function makeKey(
  set: { readonly scopes?: readonly string[]; readonly [field: string]: unknown } = {},
  role: Role = 'artist',
): Promise<Made & { userId: string }> {
  const userId = await addUser(world.database, 'admin');
  const as = await bearer({ sub: userId });
  const response = await postJson(KEYS, { user_id: userId, name: 'export', scopes: ['read'], ...set }, as);
  expect(response.status).toBe(201);
  await setRole(userId, role);
  return { ...((await response.json()) as Made), userId };
}

const setRole = (userId: string, role: Role) =>
  world.database.db.update(users).set({ role }).where(eq(users.id, userId));

const withKey = (
  key: string,
  path = ORDERS,
  init: { method?: string; headers?: Record<string, string> } = {},
) => world.app.request(path, { ...init, headers: { 'X-API-Key': key, ...init.headers } });

const sell = (key: string) =>
  postJson(PRODUCTS, { title: 'x', amount: 1, currency: 'EUR' }, { 'X-API-Key': key });

describe('an API key', () => {
  test('is shown once, is hashed at rest, and its making is in the audit log without it', async () => {
    const { key, api_key: shown, userId } = await makeKey({ reason: 'nightly export' });
    expect(key).toMatch(/^vz_live_[0-9a-f]{12}_[0-9a-f]{64}$/);
    expect(key.startsWith(shown.prefix)).toBe(true);
    const { rows, lines, list } = {
      rows: await world.database.db.select().from(apiKeys).where(eq(apiKeys.id, shown.id)),
      lines: await world.database.db
        .select()
        .from(auditLog)
        .where(eq(auditLog.subject, `api_key/${shown.id}`)),
      list: await (await world.app.request(`${KEYS}?user_id=${userId}`, { headers: admin })).text(),
    };
    expect(rows).toMatchObject([{ keyHash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(lines).toMatchObject([
      { action: 'api_key.create', actor: userId, reason: 'nightly export', after: { scopes: ['read'] } },
    ]);
    expect(JSON.parse(list)).toMatchObject({
      data: [
        { id: shown.id, name: 'export', reads_per_hour: 1000, writes_per_hour: 200, last_used_at: null },
      ],
    });
    for (const place of [JSON.stringify(rows), JSON.stringify(lines), list, world.logLines.join('')]) {
      expect(place).not.toContain(key.slice(-64));
    }
    expect(list).not.toContain(rows[0]?.keyHash);
  });

  test('acts as its user, with the role that the user has now', async () => {
    const { key, userId } = await makeKey({ scopes: ['write'] }, 'artist');
    const response = await sell(key);
    expect(response.status).toBe(201);
    expect(await bodyOf(response)).toMatchObject({ product: { seller_id: userId } });
    await world.database.db.update(users).set({ role: 'user' }).where(eq(users.id, userId));
    expect((await sell(key)).status).toBe(403);
  });

  test.each([
    [['read'], 200, 403],
    [['write'], 403, 201],
    [['read', 'write'], 200, 201],
    [['admin'], 200, 201],
  ])('with scopes %j: GET gives %i, POST gives %i', async (scopes, got, posted) => {
    const { key } = await makeKey({ scopes });
    expect((await withKey(key)).status).toBe(got);
    const response = await sell(key);
    expect(response.status).toBe(posted);
    if (posted === 403) {
      expect(await bodyOf(response)).toMatchObject({
        code: 'forbidden',
        detail: expect.stringContaining('scope write'),
      });
    }
  });

  test('opens admin routes only with the scope admin, and only for an admin', async () => {
    const admins = await makeKey({ scopes: ['admin'] }, 'admin');
    const readers = await makeKey({ scopes: ['read', 'write'] }, 'admin');
    const artists = await makeKey({ scopes: ['admin'] }, 'artist');
    expect((await withKey(admins.key, KEYS)).status).toBe(200);
    expect((await withKey(artists.key, KEYS)).status).toBe(403);
    const response = await withKey(readers.key, KEYS);
    expect(response.status).toBe(403);
    expect(await bodyOf(response)).toMatchObject({ detail: expect.stringContaining('scope admin') });
  });

  test('of an admin without the scope admin has none of an admin’s power elsewhere: it lists its own orders', async () => {
    const { key } = await makeKey({ scopes: ['read'] }, 'admin');
    const { key: whole } = await makeKey({ scopes: ['admin'] }, 'admin');
    const sellerId = await addUser(world.database, 'artist');
    const productId = await addProduct(world.database, sellerId);
    await addOrder(world.database, { buyerId: await addUser(world.database), sellerId, productId });
    expect(await bodyOf(await withKey(key))).toEqual({ data: [], next_cursor: null });
    expect((await bodyOf(await withKey(whole)))['data']).not.toEqual([]);
  });

  test('is hidden wherever it would stand in a log line', async () => {
    const { key } = await makeKey();
    const lines: string[] = [];
    const log = createLogger('info', { write: (line) => void lines.push(line) });
    log.warn({ note: `they sent ${key}`, xApiKey: key, err: new Error(`no user of ${key}`) }, `key ${key}`);
    expect(lines).toHaveLength(1);
    expect(lines.join('')).not.toContain(key.slice(-64));
  });

  test('names itself in the audit log beside the user that it acts as', async () => {
    const { key, api_key: own, userId } = await makeKey({ scopes: ['admin'] }, 'admin');
    const { api_key: other } = await makeKey();
    const revoked = await withKey(key, `${KEYS}/${other.id}?reason=lost`, { method: 'DELETE' });
    expect(await bodyOf(revoked)).toMatchObject({ api_key: { id: other.id } });
    const lines = await world.database.db
      .select()
      .from(auditLog)
      .where(sql`${auditLog.subject} = ${`api_key/${other.id}`} AND ${auditLog.action} = 'api_key.revoke'`);
    expect(lines).toMatchObject([{ actor: userId, apiKeyId: own.id, reason: 'lost' }]);
  });
});

describe('a key that opens nothing: 401', () => {
  const refusedWith = async (key: string) => {
    const response = await withKey(key);
    expect(response.status).toBe(401);
    const { code, detail } = await bodyOf(response);
    expect(code).toBe('unauthenticated');
    return detail;
  };

  test('unknown, malformed, or right at its beginning and wrong after it', async () => {
    const { key } = await makeKey();
    const forged = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    for (const wrong of ['', 'nonsense', `vz_live_${'0'.repeat(12)}_${'0'.repeat(64)}`, forged, `${key}0`]) {
      expect(await refusedWith(wrong)).toBe('There is no such API key.');
    }
  });

  test('revoked: from the next call on, for good, and repeatably', async () => {
    const { key, api_key: made } = await makeKey();
    expect((await withKey(key)).status).toBe(200);
    const revoke = () => world.app.request(`${KEYS}/${made.id}`, { method: 'DELETE', headers: admin });
    const first = await bodyOf(await revoke());
    expect(first).toMatchObject({ api_key: { id: made.id, revoked_at: expect.any(String) } });
    expect(await refusedWith(key)).toBe('The API key was revoked.');
    expect(await bodyOf(await revoke())).toEqual(first);
  });

  test('expired', async () => {
    const { key, api_key: made } = await makeKey({ expires_at: '2099-01-01T00:00:00Z' });
    expect((await withKey(key)).status).toBe(200);
    await world.database.db.update(apiKeys).set({ expiresAt: new Date() }).where(eq(apiKeys.id, made.id));
    expect(await refusedWith(key)).toBe('The API key has expired.');
  });

  test.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', '2020-01-01T00:00:00Z'])(
    'that would expire at %s is not made',
    async (expiresAt) => {
      const userId = await addUser(world.database, 'artist');
      const body = { user_id: userId, name: 'x', scopes: ['read'], expires_at: expiresAt };
      const response = await postJson(KEYS, body, admin);
      expect(response.status).toBe(422);
      expect(await bodyOf(response)).toMatchObject({ errors: [{ field: 'expires_at', in: 'body' }] });
    },
  );

  test('a forged one costs the true one nothing', async () => {
    const { key, api_key: made } = await makeKey();
    await withKey(key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'));
    const used = await world.database.db.select().from(apiKeyUsage).where(eq(apiKeyUsage.keyId, made.id));
    expect(used).toEqual([]);
  });

  test('a bearer token and a key: 400 credentials_ambiguous', async () => {
    const { key } = await makeKey();
    const response = await withKey(key, ORDERS, { headers: admin });
    expect(response.status).toBe(400);
    expect(await bodyOf(response)).toMatchObject({ code: 'credentials_ambiguous' });
  });

  test('a key at a database that is down: 503, and nobody comes in', async () => {
    const { key } = await makeKey();
    const { app } = await openApi({ databaseUrl: CLOSED_DATABASE_URL });
    const response = await app.request(ORDERS, { headers: { 'X-API-Key': key } });
    expect(response.status).toBe(503);
    expect(await bodyOf(response)).toMatchObject({ code: 'engine_unavailable' });
  });
});

describe('making one refuses', () => {
  test.each([
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['root'] }, 'scopes.0'],
    [{ name: ' ' }, 'name'],
    [{ reads_per_hour: 0 }, 'reads_per_hour'],
    [{ expires_at: 'tomorrow' }, 'expires_at'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ user_id: '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11' }, 'user_id'],
    [{ key: 'mine' }, 'key'],
  ])('%j: 422 that names the field', async (set, field) => {
    const userId = await addUser(world.database);
    const response = await postJson(KEYS, { user_id: userId, name: 'x', scopes: ['read'], ...set }, admin);
    expect(response.status).toBe(422);
    expect(await bodyOf(response)).toMatchObject({ errors: [{ field }] });
  });

  test('the scope admin for anybody else: another admin’s power is not one’s own to give', async () => {
    const other = await addUser(world.database, 'admin');
    const asked = { user_id: other, name: 'borrowed', scopes: ['read', 'admin'] };
    const response = await postJson(KEYS, asked, admin);
    expect([response.status, (await bodyOf(response))['code']]).toEqual([403, 'forbidden']);
    const made = await world.database.db.select().from(apiKeys).where(eq(apiKeys.userId, other));
    expect(made).toEqual([]);
  });

  test('the scope admin to a key, also for its own user: keys make no keys of such power', async () => {
    const { key, userId } = await makeKey({ scopes: ['admin'] }, 'admin');
    const asked = { user_id: userId, name: 'its child', scopes: ['admin'] };
    const response = await postJson(KEYS, asked, { 'X-API-Key': key });
    expect([response.status, (await bodyOf(response))['code']]).toEqual([403, 'person_required']);
  });

  test('whoever is no admin', async () => {
    const headers = await bearer({ sub: await addUser(world.database, 'moderator'), role: 'moderator' });
    expect((await postJson(KEYS, {}, headers)).status).toBe(403);
    expect((await world.app.request(KEYS, { headers })).status).toBe(403);
  });
});

describe('a key for somebody else', () => {
  const asked = { name: 'their shop', scopes: ['read', 'write'], reason: 'they asked for it' };
  interface Asked {
    key: string;
    approval: { id: string };
  }
  const approve = (approvalId: string, headers: Record<string, string>) =>
    postJson(`/api/v1/admin/approvals/${approvalId}/approve`, {}, headers);

  /** Asked for by one admin and agreed to by another. */
  async function grantedTo(sellerId: string, askerId: string): Promise<Asked> {
    const response = await postJson(KEYS, { ...asked, user_id: sellerId }, await bearer({ sub: askerId }));
    expect(response.status).toBe(202);
    const waits = (await response.json()) as Asked;
    expect((await approve(waits.approval.id, admin)).status).toBe(200);
    return waits;
  }

  test('opens nothing until a second admin agrees, who sees as whom it acts and never the key', async () => {
    const sellerId = await addUser(world.database, 'artist');
    const asker = await bearer({ sub: await addUser(world.database, 'admin') });
    const response = await postJson(KEYS, { ...asked, user_id: sellerId }, asker);
    expect(response.status).toBe(202);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { key, approval } = (await response.json()) as Asked;
    expect((await withKey(key)).status).toBe(401);
    expect(approval).toMatchObject({
      action: 'make_api_key',
      amount: null,
      api_key: { user_id: sellerId, name: 'their shop', scopes: ['read', 'write'] },
    });
    const own = await approve(approval.id, asker);
    expect([own.status, (await bodyOf(own))['code']]).toEqual([403, 'second_admin_required']);
    const list = await world.app.request('/api/v1/admin/approvals?status=pending', { headers: admin });
    expect(await list.text()).not.toContain(key.slice(-64));
    expect((await approve(approval.id, admin)).status).toBe(200);
    expect((await withKey(key)).status).toBe(200);
    expect(await bodyOf(await sell(key))).toMatchObject({ product: { seller_id: sellerId } });
  });

  test('is asked for with a reason', async () => {
    const sellerId = await addUser(world.database, 'artist');
    const response = await postJson(KEYS, { ...asked, user_id: sellerId, reason: undefined }, admin);
    expect([response.status, (await bodyOf(response))['errors']]).toMatchObject([422, [{ field: 'reason' }]]);
  });

  test('is asked for by a person: no key makes one, whatever its scopes', async () => {
    const { key } = await makeKey({ scopes: ['admin'] }, 'admin');
    const sellerId = await addUser(world.database, 'artist');
    const response = await postJson(KEYS, { ...asked, user_id: sellerId }, { 'X-API-Key': key });
    expect([response.status, (await bodyOf(response))['code']]).toEqual([403, 'person_required']);
    const made = await world.database.db.select().from(apiKeys).where(eq(apiKeys.userId, sellerId));
    expect(made).toEqual([]);
  });

  test('ends when whoever made it is no admin any more', async () => {
    const askerId = await addUser(world.database, 'admin');
    const { key } = await grantedTo(await addUser(world.database, 'artist'), askerId);
    expect((await withKey(key)).status).toBe(200);
    await setRole(askerId, 'creator');
    expect((await withKey(key)).status).toBe(401);
  });

  test('ends when the account of whoever made it, or of whom it acts as, is disabled', async () => {
    const setStatus = (id: string, status: 'active' | 'disabled') =>
      world.database.db.update(users).set({ status }).where(eq(users.id, id));
    const [askerId, sellerId] = [
      await addUser(world.database, 'admin'),
      await addUser(world.database, 'artist'),
    ];
    const { key } = await grantedTo(sellerId, askerId);
    const [row] = await world.database.db.select().from(apiKeys).where(eq(apiKeys.userId, sellerId));
    const opensStreams = async () => {
      const opener = { userId: sellerId, keyId: row!.id, sessionId: null };
      const { roles, keyIds } = await readStanding(world.database.db, [opener], new Date());
      return roles.has(sellerId) && keyIds.has(row!.id);
    };
    expect([(await withKey(key)).status, await opensStreams()]).toEqual([200, true]);
    await setStatus(askerId, 'disabled');
    expect([(await withKey(key)).status, await opensStreams()]).toEqual([401, false]);
    await setStatus(askerId, 'active');
    await setStatus(sellerId, 'disabled');
    expect([(await withKey(key)).status, await opensStreams()]).toEqual([403, false]);
  });

  test('gives out no link to Stripe’s forms: that is for the seller’s own session', async () => {
    const sellerId = await addUser(world.database, 'artist');
    const { key } = await grantedTo(sellerId, await addUser(world.database, 'admin'));
    for (const path of ['/api/v1/sellers/me/stripe-account', '/api/v1/sellers/me/stripe-account/link']) {
      const body = { return_url: 'https://shop.example/back' };
      const response = await postJson(path, body, { 'X-API-Key': key });
      expect([response.status, (await bodyOf(response))['code']]).toEqual([403, 'person_required']);
      // The seller in person gets past that, and meets the engine, which is away here.
      expect((await postJson(path, body, await bearer({ sub: sellerId }))).status).toBe(503);
    }
  });
});

describe('a key that was made with a key', () => {
  const child = async (parent: string, userId: string, set: object = {}) => {
    const asked = { user_id: userId, name: 'its child', scopes: ['read'], ...set };
    const response = await postJson(KEYS, asked, { 'X-API-Key': parent });
    expect(response.status).toBe(201);
    return (await response.json()) as Made & { api_key: { expires_at: string; made_by_key: string } };
  };

  test('is revoked with it, and so are those below, each with a line in the audit log', async () => {
    const { key, api_key: root, userId } = await makeKey({ scopes: ['admin'] }, 'admin');
    const made = await child(key, userId);
    expect(made.api_key.made_by_key).toBe(root.id);
    const [grandchild] = [await makeKey()];
    await world.database.db
      .update(apiKeys)
      .set({ madeByKey: made.api_key.id })
      .where(eq(apiKeys.id, grandchild.api_key.id));
    expect((await withKey(made.key)).status).toBe(200);
    await world.app.request(`${KEYS}/${root.id}`, { method: 'DELETE', headers: admin });
    for (const one of [key, made.key, grandchild.key]) expect((await withKey(one)).status).toBe(401);
    for (const { id } of [root, made.api_key, grandchild.api_key]) {
      const lines = await world.database.db
        .select()
        .from(auditLog)
        .where(sql`${auditLog.subject} = ${`api_key/${id}`} AND ${auditLog.action} = 'api_key.revoke'`);
      expect(lines).toMatchObject([{ actor: adminId }]);
    }
  });

  test('expires no later than it', async () => {
    const end = '2099-01-01T00:00:00.000Z';
    const { key, userId } = await makeKey({ scopes: ['admin'], expires_at: end }, 'admin');
    expect((await child(key, userId)).api_key.expires_at).toBe(end);
    expect((await child(key, userId, { expires_at: '2100-01-01T00:00:00Z' })).api_key.expires_at).toBe(end);
    const sooner = '2098-01-01T00:00:00.000Z';
    expect((await child(key, userId, { expires_at: sooner })).api_key.expires_at).toBe(sooner);
  });
});

test('a list of keys goes through all of them, newest first', async () => {
  const userId = await addUser(world.database, 'admin');
  const as = await bearer({ sub: userId });
  const made: string[] = [];
  for (let count = 0; count < 3; count++) {
    const response = await postJson(KEYS, { user_id: userId, name: `${count}`, scopes: ['read'] }, as);
    made.push(((await response.json()) as Made).api_key.id);
  }
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const url: string = `${KEYS}?user_id=${userId}&limit=2${cursor ? `&cursor=${cursor}` : ''}`;
    const page = (await (await world.app.request(url, { headers: admin })).json()) as {
      data: { id: string }[];
      next_cursor: string | null;
    };
    seen.push(...page.data.map((row) => row.id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  expect(seen).toEqual(made.toReversed());
});
