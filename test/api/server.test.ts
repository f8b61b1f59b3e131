import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { eq } from 'drizzle-orm';
import { decodeJwt } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../config.ts';
import { users } from '../../db/accounts/schema.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import { openWithSql } from '../../sandbox/database.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { listening, start } from '../harness/processes.ts';
import { createDatabaseFromTemplate, temporalAddress } from '../harness/services.ts';
import { addUser, bearer, bodyOf, SECRET } from '../harness/api.ts';

let env: Record<string, string>;
beforeAll(async () => {
  const database = await createDatabaseFromTemplate();
  env = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    PORT: '0',
    JWT_SECRET: SECRET,
    TRIAL_HASH_KEY: '6f1d0c3b9a8e7f5d4c2b1a0f9e8d7c6b',
    PERSONAL_DATA_KEYS: 'k1:2n7Q0sVt4yB8cF3hK6mP9rU1wX5zA7dG0jL4nR8vE2Q=',
    LOG_LEVEL: 'info',
    HYPERSWITCH_BASE_URL: 'http://127.0.0.1:1',
    HYPERSWITCH_API_KEY: 'snd_test',
    HYPERSWITCH_WEBHOOK_SECRET: 'whsec_hyperswitch',
    STRIPE_SECRET_KEY: 'sk_test_x',
    STRIPE_WEBHOOK_SECRET: 'whsec_stripe',
  };
  return () => database.drop();
});

describe('the API process', () => {
  test('serves in this process, on a free port, and closes', async () => {
    const server = await startServer(readConfig({ ...env, LOG_LEVEL: 'silent' }));
    const ready = await fetch(`${server.url}/ready`);
    expect(await bodyOf(ready)).toMatchObject({ status: 'ready' });
    await server.close();
    await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed');
  });

  test('names every wrong or missing variable and starts nothing', async () => {
    const { STRIPE_SECRET_KEY: _, ...rest } = env;
    const { code, stderr, stdout } = await start('server.ts', [], {
      ...rest,
      PORT: 'many',
      JWT_SECRET: 'short',
    }).ended;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n').toSorted()).toEqual([
      expect.stringMatching(/^JWT_SECRET: expected .*32 characters/),
      expect.stringMatching(/^PORT: expected a whole number/),
      expect.stringMatching(/^STRIPE_SECRET_KEY: is missing; expected/),
    ]);
  });

  test('refuses default and short secrets in production, names them without showing them, starts nothing', async () => {
    const { code, stderr, stdout } = await start('server.ts', [], {
      ...env,
      NODE_ENV: 'production',
      APP_URL: 'https://shop.example',
      SMTP_HOST: 'smtp.shop.example',
      MAIL_FROM: 'Veza <no-reply@shop.example>',
      JWT_SECRET: 'only-for-the-embedded-stack-on-this-machine',
      HYPERSWITCH_API_KEY: 'snd_4711',
      HYPERSWITCH_WEBHOOK_SECRET: 'b7c1d2e3f4a5968778695a4b',
      STRIPE_SECRET_KEY: 'sk_live_51Nc8Yd3Hm6Pj0Ga',
    }).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^JWT_SECRET: expected a secret of your own, not .*embedded stack/),
      expect.stringMatching(/^HYPERSWITCH_API_KEY: expected a secret of your own, of at least 16/),
      expect.stringMatching(/^STRIPE_WEBHOOK_SECRET: expected a secret of your own, not the example/),
    ]);
    expect(stderr).not.toMatch(/only-for-the|4711|whsec_stripe/);
  });

  test('finishes the request in flight on SIGTERM, then ends with 0', async () => {
    const server = start('server.ts', [], env);
    const url = await listening(server);
    const inFlight = request(`${url}/api/v1/webhooks/hyperswitch`, {
      method: 'POST',
      headers: { 'Content-Length': 2 },
    });
    const answered = once(inFlight, 'response');
    inFlight.write('{');
    // The server has the request once it answers a later one.
    await (await fetch(`${url}/health`)).text();
    server.child.kill('SIGTERM');
    await refusing(url);
    inFlight.end('}');
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(401);
    response.resume();
    expect(await server.ended).toMatchObject({ code: 0 });
  });

  test('ends at once on a second SIGTERM', async () => {
    const server = start('server.ts', [], env);
    const url = await listening(server);
    const hanging = request(`${url}/api/v1/webhooks/hyperswitch`, {
      method: 'POST',
      headers: { 'Content-Length': 2 },
    });
    hanging.on('error', () => {});
    hanging.write('{');
    await (await fetch(`${url}/health`)).text();
    server.child.kill('SIGTERM');
    await refusing(url);
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 1 });
  });

  test('ends when the process that started it is gone', async () => {
    const server = start('server.ts', [], env);
    await listening(server);
    const ended = once(server.child, 'exit');
    server.child.disconnect();
    expect(await ended).toEqual([0, null]);
  });
});

describe('headers of its answers', () => {
  const SHOP = 'https://shop.example';
  const ORDERS = '/api/v1/marketplace/orders';
  const STATEMENT = '/api/v1/sellers/me/statement';
  const CORS = [
    'access-control-allow-credentials',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-max-age',
  ];
  let server: RunningServer;
  let authorization: string;
  beforeAll(async () => {
    server = await startServer(readConfig({ ...env, LOG_LEVEL: 'silent', CORS_ORIGINS: SHOP }));
    const database = openWithSql(env['DATABASE_URL']!, { maxConnections: 1 });
    ({ Authorization: authorization } = await bearer({ sub: await addUser(database) }));
    await database.close();
    return () => server.close();
  });

  async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const response = await fetch(`${server.url}${path}`, { method, headers, redirect: 'manual' });
    await response.text();
    return response;
  }
  const corsOf = ({ headers }: Response) =>
    Object.fromEntries(CORS.flatMap((name) => (headers.has(name) ? [[name, headers.get(name)]] : [])));

  test('a caller without Origin gets no CORS header, and Vary', async () => {
    for (const path of ['/health', ORDERS, '/nowhere']) {
      const response = await ask(path);
      expect(corsOf(response)).toEqual({});
      expect(response.headers.get('vary')).toBe('Origin');
    }
  });

  test('a page of a listed origin may read the answer, another page may not', async () => {
    const shown = 'X-Request-Id,Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset';
    for (const [origin, allowed] of [
      [SHOP, { 'access-control-allow-origin': SHOP, 'access-control-allow-credentials': 'true' }],
      ['https://evil.example', {}],
      [`${SHOP}.evil.example`, {}],
      ['null', {}],
    ] as const) {
      const response = await ask(ORDERS, { origin, authorization });
      expect(response.status).toBe(200);
      expect(corsOf(response)).toEqual({ ...allowed, 'access-control-expose-headers': shown });
      expect(response.headers.get('vary')).toBe('Origin');
    }
  });

  test('a preflight is answered at once, for the listed origin with its name', async () => {
    for (const origin of [SHOP, 'https://evil.example']) {
      const response = await ask(ORDERS, { origin, 'access-control-request-method': 'POST' }, 'OPTIONS');
      expect(response.status).toBe(204);
      expect(corsOf(response)).toMatchObject({
        'access-control-allow-methods': 'GET,POST,PUT,PATCH,DELETE',
        'access-control-allow-headers':
          'Authorization,Content-Type,Idempotency-Key,X-Request-Id,Last-Event-ID,X-CSRF-Token',
        'access-control-max-age': '600',
      });
      expect(response.headers.get('access-control-allow-origin')).toBe(origin === SHOP ? SHOP : null);
      expect(response.headers.get('vary')).toBe('Origin, Access-Control-Request-Headers');
    }
  });

  test('no page of another origin reads anything below /ops, listed or not', async () => {
    for (const path of ['/ops', '/ops/login', '/ops/codec/decode', '/ops/nowhere']) {
      for (const method of ['GET', 'OPTIONS']) {
        const response = await ask(path, { origin: SHOP, 'access-control-request-method': 'POST' }, method);
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
      }
    }
    expect(corsOf(await ask('/opsy', { origin: SHOP }))).toMatchObject({
      'access-control-allow-origin': SHOP,
    });
  });

  test('Vary names both what CORS and what the statement depends on', async () => {
    const from: readonly Record<string, string>[] = [{}, { origin: SHOP }];
    for (const origin of from) {
      const response = await ask(STATEMENT, { authorization, ...origin });
      expect(response.status).toBe(200);
      expect(response.headers.get('vary')).toBe('Origin, Accept');
    }
  });

  test('security headers and the request id are on every answer, and a page sets its own', async () => {
    for (const [path, status] of [
      ['/health', 200],
      [ORDERS, 401],
      ['/nowhere', 404],
      ['/api/v1/webhooks/stripe', 405],
    ] as const) {
      const response = await ask(path, { 'x-request-id': 'asked-1' });
      expect(response.status).toBe(status);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'origin-agent-cluster': '?1',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=15552000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'x-dns-prefetch-control': 'off',
        'x-download-options': 'noopen',
        'x-frame-options': 'DENY',
        'x-permitted-cross-domain-policies': 'none',
        'x-request-id': 'asked-1',
        'x-xss-protection': '0',
      });
    }
    for (const path of ['/docs', '/ops/login']) {
      const { headers } = await ask(path);
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('what is left of the limit is said with the answer', async () => {
    const { headers } = await ask(ORDERS, { authorization });
    expect(headers.get('x-ratelimit-limit')).toBe('600');
    expect(Number(headers.get('x-ratelimit-remaining'))).toBeLessThan(600);
    expect(headers.get('x-ratelimit-reset')).toMatch(/^\d{10}$/);
  });
});

/** Until the port takes no more connections. */
async function refusing(url: string): Promise<void> {
  const accepts = () =>
    fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
  while (await accepts());
}

describe('the command line', () => {
  interface Person {
    id: string;
    token: string;
  }
  interface Seeded {
    buyer: Person;
    other_buyer: Person;
    sellers: (Person & { stripe_account_id: string })[];
    admin: Person;
    products: { id: string; seller_id: string; amount: number; currency: string }[];
  }

  test('seed prints people with tokens that work, and the same people again', async () => {
    const first = await start('ops/cli.ts', ['seed', '--json'], env).ended;
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const seeded = JSON.parse(first.stdout) as Seeded;
    expect(Object.keys(seeded)).toEqual(['buyer', 'other_buyer', 'sellers', 'admin', 'products']);
    expect(seeded.sellers.length).toBeGreaterThanOrEqual(2);
    for (const seller of seeded.sellers) {
      expect(seller.stripe_account_id).toMatch(/^acct_\w+$/);
      expect(
        seeded.products.filter((product) => product.seller_id === seller.id).length,
      ).toBeGreaterThanOrEqual(2);
    }
    expect(new Set(seeded.products.map((product) => product.currency))).toEqual(new Set(['EUR']));

    const again = JSON.parse((await start('ops/cli.ts', ['seed', '--json'], env).ended).stdout) as Seeded;
    expect(again.buyer.id).toBe(seeded.buyer.id);
    expect(again.products).toEqual(seeded.products);

    const server = await startServer(readConfig({ ...env, LOG_LEVEL: 'silent' }));
    const statusOf = async (path: string, { token }: Person) =>
      (await fetch(`${server.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } })).status;
    expect(await statusOf('/marketplace/products', seeded.buyer)).toBe(200);
    expect(await statusOf('/admin/transfers', seeded.admin)).toBe(200);
    expect(await statusOf('/admin/transfers', seeded.other_buyer)).toBe(403);
    await server.close();
  });

  test('token signs for a user, with a session of its own and the role on record', async () => {
    const database = openWithSql(env['DATABASE_URL']!, { maxConnections: 1 });
    const id = uuidv7();
    await database.db.insert(users).values({ id, email: `${id}@people.example`, role: 'label' });
    const given = await start('ops/cli.ts', ['token', '--user', id, '--ttl', '1h', '--json'], env).ended;
    const printed = JSON.parse(given.stdout) as { token: string };
    expect(printed).toMatchObject({ id, role: 'label' });
    const opened = await database.db.select().from(sessions).where(eq(sessions.userId, id));
    await database.close();
    expect(opened).toMatchObject([{ id: decodeJwt(printed.token)['sid'], kind: 'ops', amr: ['cli'] }]);
    const nobody = '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11';
    const unknown = await start('ops/cli.ts', ['token', '--user', nobody], env).ended;
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain(`there is no user ${nobody}`);
  });

  test.each([
    [[], 'no command given'],
    [['dance'], 'unknown command: dance'],
    [['seed', '--loud'], '--loud'],
    [['token'], '--user'],
    [['token', '--user', 'me'], '--user'],
    [['token', '--user', '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11', '--role', 'admin'], '--role'],
    [['token', '--user', '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11', '--ttl', 'soon'], '--ttl'],
  ])('%j is not understood: usage and exit 2', async (args, word) => {
    const { code, stdout, stderr } = await start('ops/cli.ts', args, env).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(word);
    expect(stderr).toContain('npm run ops -- <command>');
  });

  test('--help is no error; a missing setting is named', async () => {
    expect(await start('ops/cli.ts', ['--help'], {}).ended).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await start('ops/cli.ts', ['seed'], { DATABASE_URL: env['DATABASE_URL'] ?? '' })
      .ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^JWT_SECRET: is missing/);
  });
});
