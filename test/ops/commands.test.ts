import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWithSql } from '../../sandbox/database.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/kernel/search-attributes.ts';
import { setUpTemporal } from '../../ops/temporal-setup.ts';
import { storyOn } from '../marketplace/verbs.ts';
import { run } from '../harness/processes.ts';
import {
  createDatabaseFromTemplate,
  createEmptyDatabase,
  type TestDatabase,
  temporalAddress,
  uniqueName,
} from '../harness/services.ts';

const databases: TestDatabase[] = [];
let books: TestDatabase;

beforeAll(async () => {
  books = await createDatabaseFromTemplate();
  databases.push(books);
  const database = openWithSql(books.url, { maxConnections: 1 });
  const story = await storyOn(database);
  await story.refund(await story.complete());
  await database.close();
});
afterAll(async () => {
  for (const database of databases) await database.drop();
});

describe('npm run audit', () => {
  const audit = (args: readonly string[], env: Record<string, string> = {}) =>
    run('ops/audit.ts', args, { DATABASE_URL: books.url, TEMPORAL_ADDRESS: temporalAddress(), ...env });

  test('sound books: each invariant with its count, exit 0', async () => {
    const { code, stdout, stderr } = await audit([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.match(/^\d+ +0 violations {2}\S/gm)).toHaveLength(12);
  });

  test('--json: one object', async () => {
    const { code, stdout } = await audit(['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ violations: 0, invariants: { length: 12 } });
  });

  test('violations: their count, ten examples, exit 1', async () => {
    const damaged = await createDatabaseFromTemplate();
    databases.push(damaged);
    const database = openWithSql(damaged.url, { maxConnections: 1 });
    const story = await storyOn(database);
    for (let count = 0; count < 12; count += 1) await story.place();
    await database.sql`UPDATE orders SET created_at = now() - interval '2 minutes'`;
    await database.close();
    const text = await audit([], { DATABASE_URL: damaged.url });
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/^5 +12 violations/m);
    expect(
      text.stdout.match(/^ +order\/\S+: it is pending and no workflow of it is running$/gm),
    ).toHaveLength(10);
    expect(text.stdout).toContain('… and 2 more');
    const json = await audit(['--json'], { DATABASE_URL: damaged.url });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ violations: 12 });
  });

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an option that nobody knows', ['--fast'], {}, /--fast/],
    ['no database named', [], { DATABASE_URL: '' }, /^DATABASE_URL: is missing/],
    ['no database there', [], { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/none' }, /ECONNREFUSED/],
    [
      'no Temporal there',
      [],
      { TEMPORAL_ADDRESS: '127.0.0.1:1' },
      /no Temporal server answers at 127.0.0.1:1/,
    ],
    ['no such namespace', [], { TEMPORAL_NAMESPACE: 'nowhere' }, /namespace/i],
  ])('%s: one line, exit 2', async (_, args, env, line) => {
    const { code, stdout, stderr } = await audit(args, env);
    expect(stderr.trim()).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('--providers names each key that it lacks before it asks anyone, exit 2', async () => {
    const { code, stdout, stderr } = await audit(['--providers'], {});
    expect(stderr).toMatch(/^HYPERSWITCH_BASE_URL: is missing/);
    expect(stderr).toMatch(/STRIPE_SECRET_KEY: is missing/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('npm run db:migrate', () => {
  test('says what it applied, and the second time that there is nothing', async () => {
    const empty = await createEmptyDatabase();
    databases.push(empty);
    const first = await run('ops/migrate.ts', [], { DATABASE_URL: empty.url });
    expect(first).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('applied 0000_') as string,
    });
    const second = await run('ops/migrate.ts', [], { DATABASE_URL: empty.url });
    expect(second).toMatchObject({ code: 0, stdout: 'nothing to apply: the database is up to date\n' });
  });

  test('needs no other variable than DATABASE_URL, and names it', async () => {
    const { code, stderr } = await run('ops/migrate.ts', [], {});
    expect(code).toBe(2);
    expect(stderr).toMatch(/^DATABASE_URL: is missing; expected /);
  });
});

describe('npm run temporal:setup', () => {
  test('makes the namespace and its search attributes, once', async () => {
    const namespace = uniqueName('setup');
    const env = { TEMPORAL_ADDRESS: temporalAddress(), TEMPORAL_NAMESPACE: namespace };
    const first = await run('ops/temporal-setup.ts', [], env);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`made the namespace ${namespace}`);
    for (const name of Object.keys(SEARCH_ATTRIBUTES)) expect(first.stdout).toContain(name);
    const second = await run('ops/temporal-setup.ts', [], env);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain(`nothing to register: ${namespace} has every search attribute\n`);
  });

  test('several at once agree', async () => {
    const connection = await Connection.connect({ address: temporalAddress() });
    try {
      const namespace = uniqueName('setup');
      const made = await Promise.all([1, 2, 3].map(() => setUpTemporal(connection, namespace)));
      expect(made.filter(({ namespaceMade }) => namespaceMade)).toHaveLength(1);
    } finally {
      await connection.close();
    }
  });

  test('no server: one line, exit 2', async () => {
    const { code, stderr } = await run('ops/temporal-setup.ts', [], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'no Temporal server answers at 127.0.0.1:1\n' });
  });
});
