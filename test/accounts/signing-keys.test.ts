import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWK, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { VARIABLES } from '../../config.ts';
import { problemsOf } from '../config/problems.ts';
import { seed } from '../../ops/commands/seed.ts';
import { token as opsToken } from '../../ops/commands/token.ts';
import { addUser, type ApiWorld, bodyOf, CONFIG, openApi, SECRET, sessionIdOf } from '../harness/api.ts';
import { addAccount, ask, refusal, signIn } from './support.ts';

const named = (kid: string, jwk: JsonWebKey, set: object = {}) => ({ ...jwk, kid, ...set });
const curve = (kid: string) =>
  named(kid, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }));
const edwards = (kid: string) =>
  named(kid, generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
const rsa = (kid: string, modulusLength = 2048) =>
  named(kid, generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }));

const RSA = rsa('r1');
const EC = curve('e1');
const ED = edwards('o1');
/** As a variable holds them. */
const inBase64 = (...keys: readonly object[]) =>
  keys.map((key) => Buffer.from(JSON.stringify(key)).toString('base64')).join(',');
const ringOf = (text: string) => VARIABLES.JWT_SIGNING_KEYS.schema.parse(text);
const RING = ringOf(inBase64(RSA, EC, ED));

const configOf = (set: Partial<typeof CONFIG>): typeof CONFIG => ({
  ...CONFIG,
  JWT_SIGNING_KEYS: RING,
  ...set,
});
let world: ApiWorld;
beforeAll(async () => {
  world = await openApi({ config: configOf({ JWT_SIGNING_KEY_ID: 'e1' }) });
});
/** The same rows, by a process with other settings. */
const processWith = (set: Partial<typeof CONFIG>) =>
  openApi({ config: configOf(set), databaseUrl: world.databaseUrl });

const me = (at: ApiWorld, token: string) =>
  ask(at, 'GET', '/users/me', { headers: { Authorization: `Bearer ${token}` } });
async function published(at: ApiWorld = world) {
  const response = await at.app.request('/.well-known/jwks.json');
  return { response, keys: ((await bodyOf(response))['keys'] ?? []) as JWK[] };
}

describe('access tokens of a key pair', () => {
  test.each([
    ['RS256', 'r1'],
    ['ES256', 'e1'],
    ['EdDSA', 'o1'],
  ])('%s: the named key signs, and the token is let in', async (alg, kid) => {
    const at = await processWith({ JWT_SIGNING_KEY_ID: kid });
    const signedIn = await signIn(at, await addAccount(at));
    expect(decodeProtectedHeader(signedIn.body.access_token)).toEqual({ alg, kid, typ: 'JWT' });
    expect(decodeJwt(signedIn.body.access_token)).toMatchObject({
      ...{ iss: 'veza', aud: 'veza', sub: signedIn.body.user.id, sid: signedIn.body.session.id },
      ...{ role: 'user', amr: ['pwd'] },
    });
    expect((await me(at, signedIn.body.access_token)).status).toBe(200);
    const refreshed = await ask(at, 'POST', '/auth/refresh', {
      body: { refresh_token: signedIn.body.refresh_token },
    });
    expect(decodeProtectedHeader(refreshed.body.access_token)).toMatchObject({ alg, kid });
  });

  test('the first key signs where none is named', async () => {
    const at = await processWith({});
    const { body } = await signIn(at, await addAccount(at));
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ kid: 'r1' });
  });

  test('every key of the ring verifies, and one that was taken off does not', async () => {
    const { body } = await signIn(world, await addAccount(world));
    const rotated = await processWith({ JWT_SIGNING_KEY_ID: 'o1' });
    expect((await me(rotated, body.access_token)).status).toBe(200);
    const later = await processWith({ JWT_SIGNING_KEYS: ringOf(inBase64(ED)), JWT_SIGNING_KEY_ID: 'o1' });
    expect(refusal(await me(later, body.access_token))).toEqual([401, 'unauthenticated']);
  });

  test('from JWT_SECRET to a key pair in steps, during which every process lets every token in', async () => {
    const before = await processWith({ JWT_SIGNING_KEYS: [] });
    const announced = await processWith({ JWT_SIGNING_KEY_ID: 'none' });
    const signing = await processWith({ JWT_SIGNING_KEY_ID: undefined });
    const after = await processWith({ JWT_SECRET: undefined });
    const tokenAt = async (at: ApiWorld) => (await signIn(at, await addAccount(at))).body.access_token;
    const [old, still, fresh] = [await tokenAt(before), await tokenAt(announced), await tokenAt(signing)];
    expect([old, still, fresh].map((token) => decodeProtectedHeader(token).alg)).toEqual([
      'HS256',
      'HS256',
      'RS256',
    ]);
    for (const [at, token] of [
      [announced, old],
      [announced, fresh],
      [signing, still],
      [after, fresh],
      [after, await tokenAt(after)],
    ] as const) {
      expect((await me(at, token)).status).toBe(200);
    }
    expect((await me(after, still)).status).toBe(401);
    expect((await published(announced)).keys).toEqual((await published(signing)).keys);
  });

  test('no algorithm, key or secret is taken for another', async () => {
    const sub = await addUser(world.database);
    const claims = { role: 'user', sid: sessionIdOf(sub), sub, iss: 'veza', aud: 'veza' };
    const signed = (header: { alg: string; kid?: string }, key: JWK | Uint8Array) =>
      new SignJWT(claims).setProtectedHeader(header).setExpirationTime('1m').sign(key);
    const { keys } = await published();
    const asSecret = (text: string) => new TextEncoder().encode(text);
    const strange = curve('e1');
    expect((await me(world, await signed({ alg: 'ES256', kid: 'e1' }, EC as JWK))).status).toBe(200);
    for (const token of [
      await signed({ alg: 'ES256', kid: 'e1' }, strange as JWK),
      await signed({ alg: 'ES256', kid: 'e2' }, EC as JWK),
      await signed({ alg: 'ES256', kid: 'r1' }, EC as JWK),
      await signed({ alg: 'PS256', kid: 'r1' }, { ...RSA, alg: 'PS256' } as JWK),
      await signed({ alg: 'HS256' }, asSecret(JSON.stringify(keys[0]))),
      await signed({ alg: 'HS256', kid: 'e1' }, asSecret(keys[1]?.x ?? '')),
      await signed({ alg: 'HS512' }, asSecret(SECRET.padEnd(64, '.'))),
    ]) {
      expect(refusal(await me(world, token))).toEqual([401, 'unauthenticated']);
    }
  });

  test('`ops -- token` and `seed` sign by the same key', async () => {
    const env = {
      DATABASE_URL: world.databaseUrl,
      JWT_SIGNING_KEYS: inBase64(RSA, EC, ED),
      JWT_SIGNING_KEY_ID: 'o1',
    };
    const made = await opsToken(['--user', await addUser(world.database)], env);
    const seeded = JSON.parse(await seed(['--json'], env)) as { readonly buyer: { readonly token: string } };
    for (const token of [made, seeded.buyer.token]) {
      expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', kid: 'o1', typ: 'JWT' });
      expect((await me(world, token)).status).toBe(200);
    }
  });
});

describe('GET /.well-known/jwks.json', () => {
  test('shows the public halves of all keys, also of those that do not sign yet', async () => {
    const { response, keys } = await published();
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(keys).toEqual([
      { kty: 'RSA', n: RSA.n, e: RSA.e, kid: 'r1', alg: 'RS256', use: 'sig' },
      { kty: 'EC', crv: 'P-256', x: EC.x, y: EC.y, kid: 'e1', alg: 'ES256', use: 'sig' },
      { kty: 'OKP', crv: 'Ed25519', x: ED.x, kid: 'o1', alg: 'EdDSA', use: 'sig' },
    ]);
  });

  test('never a private part: no `d`, `p`, `q`, nor what follows from them', async () => {
    const { keys } = await published();
    const names = new Set(keys.flatMap((key) => Object.keys(key)));
    for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) expect(names).not.toContain(part);
    const text = JSON.stringify(keys);
    for (const key of [RSA, EC, ED] as readonly JWK[]) {
      for (const part of [key.d, key.p, key.q, key.dp, key.dq, key.qi]) {
        if (part !== undefined) expect(text).not.toContain(part);
      }
    }
  });

  test('is enough for a service of its own to verify a token', async () => {
    const { body } = await signIn(world, await addAccount(world));
    const { keys } = await published();
    const verified = await jwtVerify(body.access_token, createLocalJWKSet({ keys }), {
      issuer: 'veza',
      audience: 'veza',
    });
    expect(verified.payload.sub).toBe(body.user.id);
  });

  test('is empty while a secret signs, and stays open under maintenance', async () => {
    const at = await processWith({ JWT_SIGNING_KEYS: [], MAINTENANCE_MODE: true });
    const { response, keys } = await published(at);
    expect([response.status, keys]).toEqual([200, []]);
  });

  test('is not ours to answer where an identity provider keeps the accounts', async () => {
    const at = await processWith({ IDENTITY: 'external', JWT_SIGNING_KEYS: [] });
    const { response } = await published(at);
    expect([response.status, (await bodyOf(await at.app.request('/.well-known/jwks.json')))['code']]).toEqual(
      [404, 'identity_is_external'],
    );
  });
});

describe('JWT_SIGNING_KEYS', () => {
  test.each([
    ['each in base64', inBase64(EC, ED)],
    ['a JWK Set as JSON', JSON.stringify({ keys: [EC, ED] })],
    ['a JWK Set in base64', inBase64({ keys: [EC, ED] })],
    ['a list as JSON', JSON.stringify([EC, ED])],
  ])('takes %s', (_, text) => {
    expect(ringOf(text).map(({ id }) => id)).toEqual(['e1', 'o1']);
  });

  const publicHalf = { ...EC, d: undefined };
  test.each([
    ['no key at all', 'a-secret-of-over-32-characters-it-is'],
    ['JSON that is cut off', '{"keys":['],
    ['a public half alone', inBase64(publicHalf)],
    ['a key without a kid', inBase64({ ...EC, kid: undefined })],
    ['a kid twice', inBase64(EC, curve('e1'))],
    ['one key under two kids', inBase64(EC, { ...EC, kid: 'e2' })],
    ['the kid none', inBase64(curve('none'))],
    ['halves of two pairs', inBase64({ ...EC, x: curve('x').x, y: curve('x').y })],
    ['RSA of 1024 bits', inBase64(rsa('weak', 1024))],
    [
      'another curve',
      inBase64(
        named('k', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })),
      ),
    ],
    ['a key for something else', inBase64({ ...RSA, alg: 'RSA-OAEP' })],
    ['a key that encrypts', inBase64({ ...RSA, use: 'enc' })],
    ['a secret', inBase64({ kty: 'oct', kid: 'h1', k: 'AAAA', d: 'AAAA' })],
  ])('refuses %s, by name and without repeating it', (_, text) => {
    const parsed = VARIABLES.JWT_SIGNING_KEYS.schema.safeParse(text);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.message).toContain('private JWKs');
    expect(parsed.error?.message).not.toContain(text);
  });
});

describe('the configuration of signing keys', () => {
  const GOOD = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://veza:9f1c6b2d7a40@db.internal:5432/veza',
    JWT_SIGNING_KEYS: inBase64(EC),
    TRIAL_HASH_KEY: 'Tz7Rb4Nc8Yd3Hm6Pj0GaefQ2v9sXk1Lw',
    PERSONAL_DATA_KEYS: 'k1:2n7Q0sVt4yB8cF3hK6mP9rU1wX5zA7dG0jL4nR8vE2Q=',
    APP_URL: 'https://shop.example',
    SMTP_HOST: 'smtp.shop.example',
    MAIL_FROM: 'Veza <no-reply@shop.example>',
    HYPERSWITCH_BASE_URL: 'https://api.hyperswitch.io',
    HYPERSWITCH_API_KEY: 'snd_7Qw2Er9Ty4Ui1Op6',
    HYPERSWITCH_WEBHOOK_SECRET: 'b7c1d2e3f4a5968778695a4b',
    STRIPE_SECRET_KEY: 'sk_test_51Nc8Yd3Hm6Pj0Ga',
    STRIPE_WEBHOOK_SECRET: 'whsec_4Nc8Yd3Hm6Pj0GaE',
  };
  const problemsWith = (set: Record<string, string>) => problemsOf({ ...GOOD, ...set });

  test('a key pair is enough, and so is a secret', () => {
    expect(problemsWith({})).toEqual([]);
    expect(problemsWith({ JWT_SIGNING_KEYS: '', JWT_SECRET: 'fQ2v9sXk1LwTz7Rb4Nc8Yd3Hm6Pj0Gae' })).toEqual(
      [],
    );
    expect(problemsWith({ JWT_SIGNING_KEYS: '' })).toEqual([
      expect.stringMatching(/^JWT_SECRET: is missing; .*JWT_SIGNING_KEYS instead/),
    ]);
  });

  test('an id that no key has is refused by name', () => {
    expect(problemsWith({ JWT_SIGNING_KEY_ID: 'e7' })).toEqual([
      'JWT_SIGNING_KEY_ID: expected the id of a key in JWT_SIGNING_KEYS, or none',
    ]);
  });

  test('`none` without a secret would sign nothing', () => {
    expect(problemsWith({ JWT_SIGNING_KEY_ID: 'none' })).toEqual([
      expect.stringMatching(/^JWT_SECRET: is missing/),
    ]);
  });

  test('a key that is too weak is refused by name', () => {
    expect(problemsWith({ JWT_SIGNING_KEYS: inBase64(rsa('weak', 1024)) })).toEqual([
      expect.stringMatching(/^JWT_SIGNING_KEYS: expected private JWKs .*2048 bits/),
    ]);
    // RFC 5903, 8.1 has the generator of P-256: the public half of the key 1.
    const guessed = {
      ...{ kty: 'EC', crv: 'P-256', kid: 'one' },
      d: Buffer.from('1'.padStart(64, '0'), 'hex').toString('base64url'),
      x: Buffer.from('6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296', 'hex').toString(
        'base64url',
      ),
      y: Buffer.from('4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5', 'hex').toString(
        'base64url',
      ),
    };
    expect(problemsWith({ JWT_SIGNING_KEYS: inBase64(guessed) })).toEqual([
      expect.stringMatching(/^JWT_SIGNING_KEYS: expected keys that were generated/),
    ]);
  });

  test('one key in two rings is refused by name', () => {
    const shared = `k9:${Buffer.from(ED.d ?? '', 'base64url').toString('base64')}`;
    for (const ring of ['PERSONAL_DATA_KEYS', 'PAYLOAD_ENCRYPTION_KEYS']) {
      expect(problemsWith({ [ring]: shared, JWT_SIGNING_KEYS: inBase64(ED) })).toEqual([
        expect.stringMatching(/^JWT_SIGNING_KEYS: expected keys of its own/),
      ]);
    }
  });

  test('an identity provider signs by its own keys', () => {
    expect(problemsWith({ IDENTITY: 'external', JWT_JWKS_URL: 'https://issuer.example/keys' })).toEqual([
      expect.stringMatching(/^JWT_SIGNING_KEYS: expected nothing/),
    ]);
  });
});
