import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  askForReset,
  askForVerification,
  createApiKey,
  giveAdmin,
  linkProvider,
  makeKey,
  putUser,
  sealFor,
  signIn,
  signInByProvider,
  writeMail,
} from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { createDatabaseFromTemplate } from '../harness/services.ts';

const RING = { keys: [{ id: 'k1', secret: Buffer.alloc(32, 7) }] };
const ACT = { actor: 'system' };

let database: DatabaseWithSql;
let drop: () => Promise<void>;
beforeAll(async () => {
  const own = await createDatabaseFromTemplate();
  database = openWithSql(own.url, { maxConnections: 2, personalKeys: RING });
  drop = () => own.drop();
});
afterAll(async () => {
  await database.close();
  await drop();
});

type Who = { readonly id: string; readonly email: string };

/** As somebody is once their rows went: in the first case the address and the password's hash are there still. */
async function gone(status: 'erasing' | 'erased'): Promise<Who> {
  const id = randomUUID();
  const email = `${id}@people.example`;
  await database.sql`
    INSERT INTO users (id, email, role, status, password_hash, is_verified)
    VALUES (${id}, ${email}, 'user', ${status}, 'a hash', false)`;
  return { id, email };
}

/** Rows of all tables that name somebody. */
async function rowsOf({ id }: Who): Promise<string[]> {
  const columns = await database.sql<{ of: string; name: string }[]>`
    SELECT table_name AS of, column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name IN ('user_id', 'actor') AND table_name <> 'users'`;
  const found: string[] = [];
  for (const { of, name } of columns) {
    const rows = await database.sql`
      SELECT 1 FROM ${database.sql(of)} WHERE ${database.sql(name)}::text = ${id}`;
    if (rows.length > 0) found.push(of);
  }
  return found;
}

const inOne = <T>(work: (tx: Tx) => Promise<T>) => database.db.transaction(work);
const tokens = { accessToken: 'at', refreshToken: null, scopes: [], expiresInMs: null };
const identity = { subject: '1', email: null, isEmailVerified: false, name: 'Ada' };

/** Each writes something personal of somebody, or would. */
const DOORS: Readonly<Record<string, (who: Who) => Promise<unknown>>> = {
  'a session': ({ id }) =>
    inOne((tx) =>
      signIn(
        tx,
        {
          ...{ userId: id, passwordHash: 'a hash', kind: 'token', amr: ['pwd'], ttlMs: 1_000, idleMs: 1_000 },
          ...{ ip: '192.0.2.1', userAgent: 'a browser', refreshToken: 'r' },
        },
        {},
      ),
    ),
  'an API key': ({ id }) =>
    inOne((tx) => {
      const { prefix, keyHash } = makeKey();
      const asked = {
        name: 'Ada’s',
        scopes: ['read'],
        expiresAt: null,
        readsPerHour: 1,
        writesPerHour: 1,
      } as const;
      return createApiKey(tx, { ...asked, id: randomUUID(), userId: id, prefix, keyHash }, ACT);
    }),
  'a mail': ({ id }) =>
    inOne((tx) =>
      writeMail(tx, {
        userId: id,
        kind: 'oauth_linked',
        params: { provider: 'github' },
        subject: `account/${id}`,
      }),
    ),
  'a mail to another address': ({ id }) =>
    inOne((tx) =>
      writeMail(tx, {
        ...{ userId: id, kind: 'oauth_linked', params: { provider: 'github' }, subject: `account/${id}` },
        recipient: 'ada@people.example',
      }),
    ),
  'something sealed': ({ id }) =>
    inOne((tx) => sealFor(tx, id, { table: 'two_factors', column: 'secret', rowId: id }, 'a secret')),
  'a linked provider': ({ id }) =>
    linkProvider(database.db, { userId: id, sessionId: null }, { provider: 'github', identity, tokens }, ACT),
  'a sign-in by a provider': async ({ id, email }) => {
    await database.sql`
      INSERT INTO oauth_accounts (id, user_id, provider, subject) VALUES (${randomUUID()}, ${id}, 'discord', ${id})`;
    const by = { ...identity, subject: id, email };
    try {
      return await signInByProvider(
        database.db,
        { provider: 'discord', identity: by, tokens, browser: 'b' },
        {},
      );
    } finally {
      await database.sql`DELETE FROM oauth_accounts WHERE user_id = ${id}`;
    }
  },
  'another address': ({ id }) =>
    inOne((tx) => putUser(tx, { id, email: 'new@people.example', role: 'artist', isVerified: true }, ACT)),
  'another role': ({ id }) => inOne((tx) => giveAdmin(tx, id, ACT)),
};

const STATUSES = ['erasing', 'erased'] as const;

describe.each(STATUSES)('of somebody who is %s', (status) => {
  test.each(Object.keys(DOORS))('%s is not written', async (door) => {
    const who = await gone(status);
    const [before] = await database.sql`SELECT * FROM users WHERE id = ${who.id}`;
    const code = await DOORS[door]!(who).then(
      () => null,
      (error: { code?: string }) => error.code ?? 'none',
    );
    // A mail is left out, since what it tells of is to happen all the same; everything else is refused.
    const refusals = ['user_not_found', 'invalid_credentials', 'validation_failed', 'account_closing'];
    expect([...refusals, 'account_disabled', null]).toContain(code);
    expect(code === null).toBe(door.startsWith('a mail'));
    expect(await rowsOf(who)).toEqual([]);
    const [after] = await database.sql`SELECT * FROM users WHERE id = ${who.id}`;
    expect(after).toEqual(before);
  });

  test('no link by mail is made', async () => {
    const { email } = await gone(status);
    expect(await inOne((tx) => askForReset(tx, email))).toBeNull();
    expect(await inOne((tx) => askForVerification(tx, email))).toBeNull();
  });
});
