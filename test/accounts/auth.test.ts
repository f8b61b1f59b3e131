import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addUser,
  bearer,
  bodyOf,
  CONFIG,
  openApi,
  SECRET,
  sessionIdOf,
  tokenOf,
  type ApiWorld,
} from '../harness/api.ts';

const ORDERS = '/api/v1/marketplace/orders';

describe('a bearer token', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await openApi();
  });
  const get = (headers: Record<string, string>) => world.app.request(ORDERS, { headers });

  test('that is sound is let in', async () => {
    expect((await get(await bearer({ sub: await addUser(world.database) }))).status).toBe(200);
  });

  const sub = uuidv7();
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
    JSON.stringify({ sub, role: 'admin', iss: 'veza', aud: 'veza', exp: 9_999_999_999 }),
  ).toString('base64url')}.`;
  test.each<[string, () => Promise<Record<string, string>> | Record<string, string>]>([
    ['is missing', () => ({})],
    ['is no bearer token', () => ({ Authorization: 'Basic dXNlcjpwYXNz' })],
    ['is garbage', () => ({ Authorization: 'Bearer garbage' })],
    ['is three dots', () => ({ Authorization: 'Bearer a.b.c' })],
    ['has expired', () => bearer({ sub, expiresInS: -1 })],
    ['has another issuer', () => bearer({ sub, iss: 'somebody' })],
    ['has another audience', () => bearer({ sub, aud: 'somebody' })],
    ['is signed with another secret', () => bearer({ sub, secret: 'another-secret-of-over-32-characters' })],
    ['uses HS512', () => bearer({ sub, alg: 'HS512' })],
    ['is not signed (alg none)', () => ({ Authorization: `Bearer ${unsigned}` })],
    ['names no user', () => bearer({})],
    ['names a user that is no UUID', () => bearer({ sub: 'root' })],
    ['names an unknown role', () => bearer({ sub, role: 'emperor' })],
  ])('that %s is refused with 401', async (_, headers) => {
    const response = await get(await headers());
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await bodyOf(response)).toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  test('whose parts were changed is refused, however little', async () => {
    const own = await addUser(world.database);
    const sound = await tokenOf({ sub: own });
    const [header, payload, signature] = sound.split('.') as [string, string, string];
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = (given: object, claims: string) => {
      const input = `${encoded(given)}.${claims}`;
      return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
    };
    const statusOf = async (token: string) => (await get({ Authorization: `Bearer ${token}` })).status;
    // What is signed by hand is as sound as the other.
    expect(await statusOf(signed({ alg: 'HS256' }, payload))).toBe(200);
    const claims = {
      sub: own,
      sid: sessionIdOf(own),
      role: 'user',
      iss: 'veza',
      aud: 'veza',
      exp: 9_999_999_999,
    };
    expect(await statusOf(signed({ alg: 'HS256' }, encoded(claims)))).toBe(200);
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    for (const token of [
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${flipped}`,
      `${header}.${payload}.${signature.slice(0, -1)}`,
      `${header}.${payload}.${signature}AA`,
      `${header}.${payload}.${signature}=`,
      `${sound}.${signature}`,
      `${header}.${encoded(claims)}.${signature}`,
      `${encoded({ alg: 'HS256', typ: 'at+jwt' })}.${payload}.${signature}`,
      `${encoded({ alg: 'none' })}.${payload}.${signature}`,
      signed({ alg: 'none' }, payload),
      signed({ alg: 'hs256' }, payload),
      signed({ alg: ['HS256'] }, payload),
      signed({ alg: 'HS256', crit: ['b64'], b64: false }, payload),
      signed({ alg: 'HS256', crit: ['exp'], exp: 1 }, payload),
      signed({ alg: 'HS256', crit: [] }, payload),
      signed({ alg: 'HS256' }, encoded({ ...claims, nbf: 9_999_999_998 })),
      signed({ alg: 'HS256' }, encoded({ ...claims, exp: '9999999999' })),
      signed({ alg: 'HS256' }, encoded({ ...claims, aud: ['somebody'] })),
      signed({ alg: 'HS256' }, encoded([claims])),
      signed({ alg: 'HS256' }, 'bm8ganNvbg'),
    ]) {
      expect([token, await statusOf(token)]).toEqual([token, 401]);
    }
  });

  test('without an expiry is refused', async () => {
    const token = await new SignJWT({ role: 'user' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .setIssuer('veza')
      .setAudience('veza')
      .sign(new TextEncoder().encode(CONFIG.JWT_SECRET));
    expect((await get({ Authorization: `Bearer ${token}` })).status).toBe(401);
  });

  test('never reaches a log line', async () => {
    const token = await tokenOf({ sub });
    await get({ Authorization: `Bearer ${token}` });
    expect(world.logLines.join('')).not.toContain(token);
  });
});

describe('roles', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await openApi();
  });

  test.each(['transfers', 'reversals', 'webhooks', 'flags'])('admin may see /admin/%s', async (list) => {
    const response = await world.app.request(`/api/v1/admin/${list}`, {
      headers: await bearer({ sub: await addUser(world.database, 'admin') }),
    });
    expect(response.status).toBe(200);
    expect(await bodyOf(response)).toEqual({ data: [], next_cursor: null });
  });

  test.each([
    ['user', 403],
    ['premium', 201],
    ['creator', 201],
    ['label', 201],
  ] as const)('%s who puts up a product gets %i', async (role, status) => {
    const sub = await addUser(world.database, role);
    const response = await world.app.request('/api/v1/marketplace/products', {
      method: 'POST',
      headers: { ...(await bearer({ sub })), 'Content-Type': 'application/json' },
      body: JSON.stringify({ title: 'Glasshouse', amount: 4990, currency: 'EUR' }),
    });
    expect(response.status).toBe(status);
    if (status === 201) {
      expect(await bodyOf(response)).toMatchObject({
        product: { seller_id: sub, title: 'Glasshouse', amount: 4990, currency: 'EUR', active: true },
      });
    }
  });
});

describe('with keys behind a JWKS address', () => {
  test('RS256 is let in, and no algorithm is taken for another', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' };
    const server = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] }))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    afterAll(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { app, database } = await openApi({
      config: { ...CONFIG, JWT_SECRET: undefined, JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks` },
    });
    const sub = await addUser(database);
    const get = async (token: string) =>
      (await app.request(ORDERS, { headers: { Authorization: `Bearer ${token}` } })).status;

    const sound = await new SignJWT({ role: 'user' })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setSubject(sub)
      .setIssuer('veza')
      .setAudience('veza')
      .setExpirationTime('1m')
      .sign(privateKey);
    expect(await get(sound)).toBe(200);
    // The public key used as an HMAC secret: the classic confusion.
    expect(await get(await tokenOf({ sub, secret: JSON.stringify(jwk) }))).toBe(401);
    expect(await get(await tokenOf({ sub }))).toBe(401);
  });

  test('keys that cannot be fetched are not the caller’s fault: 503', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const { app } = await openApi({
      config: { ...CONFIG, JWT_SECRET: undefined, JWT_JWKS_URL: 'http://127.0.0.1:1/jwks' },
    });
    const token = await new SignJWT({ role: 'user' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setSubject(uuidv7())
      .setIssuer('veza')
      .setAudience('veza')
      .setExpirationTime('1m')
      .sign(privateKey);
    const response = await app.request(ORDERS, { headers: { Authorization: `Bearer ${token}` } });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBeTruthy();
  });
});
