import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createCodec } from '../../engine/codec.ts';
import { openCatalog } from '../harness/shop.ts';
import type { Refusal } from '../harness/answers.ts';
import { type Person, World } from '../harness/world.ts';
import { consoleSecretOf } from '../ops/console-client.ts';

// Temporal's remote codec protocol over real HTTP, as its Web UI speaks it.

const UI = 'https://temporal.example';
const SHOP = 'https://shop.example';
const secret = randomBytes(32);
const KEYS = [{ id: '2026-11', secret }];

let world: World;
let admin: Person;
let buyer: Person;
beforeAll(async () => {
  world = await World.create({
    env: {
      PAYLOAD_ENCRYPTION_KEYS: `2026-11:${secret.toString('base64')}`,
      TEMPORAL_UI_URL: `${UI}/some/base`,
      CORS_ORIGINS: SHOP,
    },
    worker: false,
  });
  ({ admin, buyer } = await openCatalog(world));
});
afterAll(() => world.close());

interface JsonPayload {
  readonly metadata: Record<string, string>;
  readonly data: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = (value: unknown): JsonPayload => ({
  metadata: { encoding: base64('json/plain') },
  data: base64(JSON.stringify(value)),
});
const readable = ({ data }: JsonPayload): unknown => JSON.parse(Buffer.from(data, 'base64').toString());

const post = (verb: string, body: unknown, headers: Record<string, string>) =>
  fetch(`${world.apiUrl}/ops/codec/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const cookieOf = async (person: Person) => ({
  cookie: `veza_ops=${await consoleSecretOf(world.database.db, person)}`,
});
const bearer = ({ token }: Person) => ({ authorization: `Bearer ${token}` });

async function payloadsFrom(response: Response): Promise<JsonPayload[]> {
  expect(response.status).toBe(200);
  return ((await response.json()) as { payloads: JsonPayload[] }).payloads;
}
async function codeOf(response: Response): Promise<Refusal['code']> {
  return ((await response.json()) as Refusal).code;
}

async function encrypted(keys = KEYS): Promise<JsonPayload> {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"no words"') };
  const context = { type: 'workflow', namespace: 'default', workflowId: 'refund/1' } as const;
  const [made] = await createCodec(keys).encode([payload], context);
  return {
    metadata: Object.fromEntries(
      Object.entries(made!.metadata!).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(made!.data!).toString('base64'),
  };
}

describe('the codec endpoint of Temporal’s UI', () => {
  it('decodes for an admin, in order; what is in the clear stays as it is', async () => {
    const sent = [plain(1), await encrypted(), plain({ three: 3 })];
    const seen = await payloadsFrom(await post('decode', { payloads: sent }, bearer(admin)));
    expect(seen.map(readable)).toEqual([1, 'no words', { three: 3 }]);
  });

  it('encodes what an operator sends by signal', async () => {
    const [sent] = await payloadsFrom(await post('encode', { payloads: [plain('go')] }, bearer(admin)));
    expect(Buffer.from(sent!.metadata['encoding']!, 'base64').toString()).toBe('binary/encrypted');
    const [seen] = await payloadsFrom(await post('decode', { payloads: [sent] }, bearer(admin)));
    expect(readable(seen!)).toBe('go');
  });

  it('a payload whose key is gone says so, and hides no other', async () => {
    const lost = await encrypted([{ id: '2020-01', secret: randomBytes(32) }]);
    const seen = await payloadsFrom(await post('decode', { payloads: [lost, plain(2)] }, bearer(admin)));
    expect(readable(seen[0]!)).toContain('the key "2020-01", which is not in the ring');
    expect(readable(seen[1]!)).toBe(2);
  });

  it('takes the console’s session, by the secret in its cookie', async () => {
    const cookie = await cookieOf(admin);
    const [seen] = await payloadsFrom(await post('decode', { payloads: [await encrypted()] }, cookie));
    expect(readable(seen!)).toBe('no words');
    // No other route does: a cookie is sent without being asked.
    const refunds = await fetch(`${world.apiUrl}/api/v1/admin/stuck`, { headers: cookie });
    expect(refunds.status).toBe(401);
  });

  test.each([
    ['nobody', () => ({}), 401, 'unauthenticated'],
    ['a token that does not verify', () => ({ authorization: 'Bearer nonsense' }), 401, 'unauthenticated'],
    ['a buyer', () => bearer(buyer), 403, 'forbidden'],
    ['a buyer with a cookie', () => cookieOf(buyer), 403, 'forbidden'],
  ] as const)('shows nothing to %s', async (_, headers, status, code) => {
    for (const verb of ['decode', 'encode']) {
      const response = await post(verb, { payloads: [await encrypted()] }, await Promise.resolve(headers()));
      expect(response.status).toBe(status);
      expect(await codeOf(response)).toBe(code);
    }
  });

  test.each([
    ['no JSON', '{', 400, 'malformed_json'],
    ['no payloads', {}, 422, 'validation_failed'],
    ['data that is no base64', { payloads: [{ metadata: {}, data: 'ü' }] }, 422, 'validation_failed'],
    ['more than a body may have', { payloads: [plain('x'.repeat(1024 * 1024))] }, 413, 'payload_too_large'],
  ])('refuses %s', async (_, body, status, code) => {
    const response = await post('decode', body, bearer(admin));
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe(code);
  });

  it('browsers may ask from the origin of TEMPORAL_UI_URL alone, with credentials', async () => {
    const preflight = (origin: string) =>
      fetch(`${world.apiUrl}/ops/codec/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-namespace,authorization',
        },
      });
    const allowed = await preflight(UI);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(UI);
    expect(allowed.headers.get('access-control-allow-credentials')).toBe('true');
    expect(allowed.headers.get('access-control-allow-headers')).toContain('x-namespace');
    const other = await preflight('https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();

    const answer = await post('decode', { payloads: [plain(1)] }, { ...bearer(admin), origin: UI });
    expect(answer.headers.get('access-control-allow-origin')).toBe(UI);
  });

  test.each([SHOP, 'https://evil.example', 'null'])(
    'a page of %s can neither read an answer nor use the console’s session',
    async (origin) => {
      const body = { payloads: [await encrypted()] };
      for (const verb of ['decode', 'encode']) {
        const answer = await post(verb, body, { ...bearer(admin), origin });
        expect(answer.headers.get('access-control-allow-origin')).toBeNull();
        const bySession = await post(verb, body, { ...(await cookieOf(admin)), origin });
        expect([bySession.status, await codeOf(bySession)]).toEqual([403, 'forbidden']);
        expect(bySession.headers.get('access-control-allow-origin')).toBeNull();
      }
      // The API itself stays open to shops.
      const products = await fetch(`${world.apiUrl}/api/v1/marketplace/products`, { headers: { origin } });
      expect(products.headers.get('access-control-allow-origin')).toBe(origin === SHOP ? SHOP : null);
    },
  );

  it('takes the session from pages of Temporal’s UI and from our own', async () => {
    for (const origin of [UI, new URL(world.apiUrl).origin]) {
      const cookie = { ...(await cookieOf(admin)), origin };
      expect(await payloadsFrom(await post('decode', { payloads: [plain(1)] }, cookie))).toHaveLength(1);
    }
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json'])(
    'refuses %s, which a page may post without asking first',
    async (type) => {
      const headers = { ...bearer(admin), 'content-type': type };
      const response = await post('decode', { payloads: [plain(1)] }, headers);
      expect([response.status, await codeOf(response)]).toEqual([415, 'unsupported_media_type']);
    },
  );

  it('takes JSON that names its charset', async () => {
    const headers = { ...bearer(admin), 'content-type': 'application/json; charset=utf-8' };
    expect(await payloadsFrom(await post('decode', { payloads: [plain(1)] }, headers))).toHaveLength(1);
  });
});
