import { randomBytes } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOf } from '../../db/accounts/index.ts';
import { oauthAccounts } from '../../db/accounts/oauth/schema.ts';
import { placeOfToken } from '../../db/accounts/oauth/tokens.ts';
import { users } from '../../db/accounts/schema.ts';
import type { Sealed } from '../../domain/kernel/index.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { runOpsHere } from '../harness/processes.ts';
import { createDatabaseFromTemplate, type TestDatabase } from '../harness/services.ts';

const [first, second] = [randomBytes(32), randomBytes(32)];
const FIRST = `k1:${first.toString('base64')}`;
const BOTH = `k2:${second.toString('base64')},${FIRST}`;

let own: TestDatabase;
let database: DatabaseWithSql;
beforeAll(async () => {
  own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, {
    maxConnections: 2,
    personalKeys: { keys: [{ id: 'k1', secret: first }] },
  });
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

const command = (args: readonly string[], ring = FIRST) =>
  runOpsHere([...args, '--json'], { DATABASE_URL: own.url, PERSONAL_DATA_KEYS: ring });

async function addPerson(status: 'active' | 'erased' = 'active'): Promise<string> {
  const id = uuidv7();
  await database.db.insert(users).values({ id, email: `${id}@people.example`, role: 'user', status });
  return id;
}

type Tokens = { readonly access: string | null; readonly refresh: string | null };

async function addLink(userId: string, { access, refresh }: Tokens): Promise<string> {
  const id = uuidv7();
  const tokens = { accessToken: access, refreshToken: refresh };
  await database.db.insert(oauthAccounts).values({ id, userId, provider: 'google', subject: id, ...tokens });
  return id;
}

/** Both tokens of a link as its person's key opens them; what is not sealed is not opened. */
async function openedOf(linkId: string): Promise<Tokens> {
  const [row] = await database.db.select().from(oauthAccounts).where(eq(oauthAccounts.id, linkId));
  if (row === undefined) throw new Error(`there is no ${linkId}`);
  const opened = (column: 'access_token' | 'refresh_token', token: string | null) =>
    token === null ? null : openOf(database.db, row.userId, placeOfToken(column, linkId), token as Sealed);
  return {
    access: await opened('access_token', row.accessToken),
    refresh: await opened('refresh_token', row.refreshToken),
  };
}

const rows = () => database.db.select().from(oauthAccounts).orderBy(asc(oauthAccounts.id));

describe('ops encrypt-oauth-tokens', () => {
  test('seals plain rows and what only looks sealed, and says how many, without a word of a token', async () => {
    const plain = { access: 'ya29.plain', refresh: '1//plain' };
    const plainId = await addLink(await addPerson(), plain);
    const lookalike = { access: 'enc:2:somebody:else', refresh: null };
    const lookalikeId = await addLink(await addPerson(), lookalike);
    await addLink(await addPerson(), { access: null, refresh: null });
    const before = await rows();
    const counts = { rows: 2, tokens: 3, left: 0 };

    const dry = await command(['encrypt-oauth-tokens', '--dry-run']);
    expect(JSON.parse(dry.stdout)).toEqual({ dry_run: true, ...counts });
    expect(await rows()).toEqual(before);

    const done = await command(['encrypt-oauth-tokens']);
    expect([done.code, JSON.parse(done.stdout)]).toEqual([0, { dry_run: false, ...counts }]);
    expect(done.stderr + done.stdout).not.toMatch(/ya29|plain|somebody/);
    expect(await openedOf(plainId)).toEqual(plain);
    expect(await openedOf(lookalikeId)).toEqual(lookalike);
  });

  test('may run again, and leaves the rows of people who have left', async () => {
    const goneId = await addLink(await addPerson('erased'), { access: 'of nobody', refresh: null });
    const laterId = await addLink(await addPerson(), { access: 'added later', refresh: null });
    const done = await command(['encrypt-oauth-tokens']);
    expect(JSON.parse(done.stdout)).toEqual({ dry_run: false, rows: 1, tokens: 1, left: 1 });
    expect(await openedOf(laterId)).toEqual({ access: 'added later', refresh: null });
    expect((await rows()).find(({ id }) => id === goneId)?.accessToken).toBe('of nobody');
  });

  test('names a key that is missing, and seals nothing', async () => {
    const linkId = await addLink(await addPerson(), { access: 'still plain', refresh: null });
    const without = await command(['encrypt-oauth-tokens'], '');
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('PERSONAL_DATA_KEYS')]);
    expect((await rows()).find(({ id }) => id === linkId)?.accessToken).toBe('still plain');
    await command(['encrypt-oauth-tokens']);
  });
});

describe('ops rewrap-keys', () => {
  test('wraps the keys anew, and says when an old one is free', async () => {
    const dry = await command(['rewrap-keys', '--dry-run'], BOTH);
    const { looked } = JSON.parse(dry.stdout) as { readonly looked: number };
    expect(looked).toBeGreaterThan(0);
    const moved = { looked, rewrapped: looked };
    expect(JSON.parse(dry.stdout)).toMatchObject({ ...moved, by_key: { k1: looked }, free_keys: ['k2'] });
    const done = await command(['rewrap-keys'], BOTH);
    expect(JSON.parse(done.stdout)).toMatchObject({ ...moved, by_key: { k2: looked }, free_keys: ['k1'] });
    const without = await command(['rewrap-keys'], FIRST);
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('"k2"')]);
  });
});
