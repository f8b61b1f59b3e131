import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../config.ts';
import { startServer } from '../../server.ts';
import { listening, start } from '../harness/processes.ts';
import { createDatabaseFromTemplate, temporalAddress } from '../harness/services.ts';
import { bodyOf, SECRET } from '../harness/api.ts';

let env: Record<string, string>;
beforeAll(async () => {
  const database = await createDatabaseFromTemplate();
  env = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    PORT: '0',
    JWT_SECRET: SECRET,
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

  test('token signs for a user, with the role given or the one on record', async () => {
    const id = '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11';
    const given = await start(
      'ops/cli.ts',
      ['token', '--user', id, '--role', 'admin', '--ttl', '1h', '--json'],
      env,
    ).ended;
    expect(JSON.parse(given.stdout)).toMatchObject({
      id,
      role: 'admin',
      token: expect.stringContaining('.'),
    });
    const unknown = await start('ops/cli.ts', ['token', '--user', id], env).ended;
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain(`there is no user ${id}`);
  });

  test.each([
    [[], 'no command given'],
    [['dance'], 'unknown command: dance'],
    [['seed', '--loud'], '--loud'],
    [['token'], '--user'],
    [['token', '--user', 'me'], '--user'],
    [['token', '--user', '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11', '--role', 'emperor'], '--role'],
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
