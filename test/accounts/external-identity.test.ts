import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eq } from 'drizzle-orm';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';
import { v5 as uuidv5 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { users } from '../../db/accounts/schema.ts';
import { addUser, type ApiWorld, bodyOf, CONFIG, openApi } from '../harness/api.ts';

// An identity provider of its own (oidc-provider) plays the operator's, as docs/identity.md sets one up.

type ClaimsOfPerson = Readonly<Record<string, unknown>>;
/** What its tokens say of a person, by their `sub`. */
const people = new Map<string, ClaimsOfPerson>();

let server: Server;
let issuer: string;
let world: ApiWorld;
beforeAll(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  serve(await keyNamed('k1'));
  world = await openApi({ config: configOf({}) });
});
afterAll(() => void server.close());
afterEach(() => void vi.useRealTimers());

const configOf = (set: Partial<typeof CONFIG>): typeof CONFIG => ({
  ...CONFIG,
  IDENTITY: 'external',
  JWT_SECRET: undefined,
  JWT_JWKS_URL: `${issuer}/jwks`,
  JWT_ISSUER: issuer,
  JWT_PROVISION_USERS: true,
  JWT_ADMIN_AMR: ['mfa'],
  ...set,
});

async function keyNamed(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
}

/** From here on it signs with this key, and publishes no other. */
function serve(key: JWK): void {
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    clients: Array.from('abcdefg', (letter) => ({
      client_id: `person-${letter}`,
      client_secret: 'a secret of the test',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    extraTokenClaims: (_, token) => people.get(token.clientId ?? ''),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:veza',
        getResourceServerInfo: () => ({
          scope: '',
          audience: 'veza',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  const handle = provider.callback();
  server.removeAllListeners('request');
  server.on('request', (request, response) => void handle(request, response));
}

/** A token of the person with these claims. Each letter is another person. */
async function tokenOf(letter: string, claims: ClaimsOfPerson): Promise<string> {
  people.set(`person-${letter}`, claims);
  const basic = Buffer.from(`person-${letter}:${encodeURIComponent('a secret of the test')}`).toString(
    'base64',
  );
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const body = (await answer.json()) as { readonly access_token?: string };
  if (body.access_token === undefined) throw new Error(JSON.stringify(body));
  return body.access_token;
}

async function get(path: string, token: string, { app }: ApiWorld = world) {
  const response = await app.request(`/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await bodyOf(response) };
}

/** As docs/identity.md says it. */
const idOf = (sub: string) => uuidv5(sub, uuidv5(issuer, uuidv5.URL));
const rowOf = async (id: string) => (await world.database.db.select().from(users).where(eq(users.id, id)))[0];
const ORDERS = '/marketplace/orders';

describe('an identity provider keeps the accounts', () => {
  test('unknown `sub`, address confirmed: made at the first token, once, under an id of issuer and value', async () => {
    const token = await tokenOf('a', { email: 'a@people.example', email_verified: true, role: 'artist' });
    const answers = await Promise.all([get(ORDERS, token), get(ORDERS, token), get(ORDERS, token)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await rowOf(idOf('person-a'))).toMatchObject({
      email: 'a@people.example',
      role: 'artist',
      isVerified: true,
      passwordHash: null,
    });
  });

  test.each([
    ['not confirmed', { email: 'b@people.example', email_verified: false }],
    ['confirmed as a text', { email: 'b@people.example', email_verified: 'true' }],
    ['missing', {}],
    ['of somebody else', { email: 'A@people.example', email_verified: true }],
  ])('unknown `sub`, the address is %s: 401, nobody is made', async (_, claims) => {
    await get(
      ORDERS,
      await tokenOf('a', { email: 'a@people.example', email_verified: true, role: 'artist' }),
    );
    expect((await get(ORDERS, await tokenOf('b', claims))).status).toBe(401);
    expect(await rowOf(idOf('person-b'))).toBeUndefined();
  });

  test('nobody is made where JWT_PROVISION_USERS is off', async () => {
    const closed = await openApi({
      config: configOf({ JWT_PROVISION_USERS: false }),
      databaseUrl: world.databaseUrl,
    });
    const token = await tokenOf('c', { email: 'c@people.example', email_verified: true });
    expect((await get(ORDERS, token, closed)).status).toBe(401);
  });

  test('the role of the row counts, whatever the token claims later', async () => {
    const claims = { email: 'd@people.example', email_verified: true };
    await get(ORDERS, await tokenOf('d', claims));
    expect(
      (await get('/admin/stuck', await tokenOf('d', { ...claims, role: 'admin', amr: ['mfa'] }))).status,
    ).toBe(403);
  });

  test('another claim names the person: a UUID is taken as it is', async () => {
    const id = await addUser(world.database);
    const named = await openApi({
      config: configOf({ JWT_USER_ID_CLAIM: 'veza_id' }),
      databaseUrl: world.databaseUrl,
    });
    expect((await get(ORDERS, await tokenOf('e', { veza_id: id.toUpperCase() }), named)).status).toBe(200);
    expect((await get(ORDERS, await tokenOf('e', {}), named)).status).toBe(401);
  });

  test('`amr`: an admin’s token without one of JWT_ADMIN_AMR is refused, anybody else’s is not', async () => {
    const claims = { email: 'f@people.example', email_verified: true, role: 'admin' };
    const weak = await get('/admin/stuck', await tokenOf('f', { ...claims, amr: ['pwd'] }));
    expect([weak.status, weak.body['code']]).toEqual([403, 'two_factor_required']);
    const none = await get('/admin/stuck', await tokenOf('f', claims));
    expect(none.status).toBe(403);
    expect((await get('/admin/stuck', await tokenOf('f', { ...claims, amr: ['pwd', 'mfa'] }))).status).toBe(
      200,
    );
  });

  test('rotated JWKS: tokens of the new key are let in, those of the old one no more', async () => {
    const claims = { email: 'g@people.example', email_verified: true };
    const before = await tokenOf('g', claims);
    expect((await get(ORDERS, before)).status).toBe(200);
    serve(await keyNamed('k2'));
    // jose asks for the keys anew when it meets one that it does not know, at most every 30 s.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect((await get(ORDERS, await tokenOf('g', claims))).status).toBe(200);
    expect((await get(ORDERS, before)).status).toBe(401);
  });

  test('the routes of accounts say that they are the provider’s', async () => {
    const response = await world.app.request('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'a@people.example', password: 'whatever it may be' }),
    });
    expect([response.status, (await bodyOf(response))['code']]).toEqual([404, 'identity_is_external']);
  });
});
