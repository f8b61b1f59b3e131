import { eq } from 'drizzle-orm';
import { jwtVerify } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../config.ts';
import { putProfile, upgradeToCreator } from '../../db/accounts/index.ts';
import { auditLog } from '../../db/kernel/schema.ts';
import { users } from '../../db/accounts/schema.ts';
import { ERRORS } from '../../domain/errors.ts';
import { ROLES } from '../../domain/accounts/roles.ts';
import { addUser, bearer, CONFIG, openApi, SECRET, type ApiWorld } from '../harness/api.ts';
import { type Account, addAccount, ask, PASSWORD, refusal, signIn, withToken } from './support.ts';

const CHAT_SECRET = 'a-secret-of-the-chat-with-over-32-characters';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi({ config: { ...CONFIG, CHAT_JWT_SECRET: CHAT_SECRET } });
});

const entriesOf = ({ id }: Pick<Account, 'id'>, action: string) =>
  world.database.db
    .select()
    .from(auditLog)
    .where(eq(auditLog.subject, `account/${id}`))
    .then((rows) => rows.filter((row) => row.action === action));

describe('upgrade to creator', () => {
  const upgrade = (headers: Record<string, string>, on = world) =>
    ask(on, 'POST', '/users/me/upgrade-creator', { headers, ip: '198.51.100.4' });

  test('nobody: 401', async () => {
    expect((await upgrade({})).status).toBe(401);
  });

  test('not verified: 403 EMAIL_NOT_VERIFIED', async () => {
    const id = await addUser(world.database);
    expect(refusal(await upgrade(await bearer({ sub: id })))).toEqual([403, 'EMAIL_NOT_VERIFIED']);
  });

  test('a user becomes a creator, with the time and an entry in the audit log', async () => {
    const account = await addAccount(world);
    const headers = { ...withToken(await signIn(world, account)), 'User-Agent': 'Firefox' };
    const upgraded = await upgrade(headers);
    expect(upgraded.status).toBe(200);
    expect(upgraded.body).toEqual({ role: 'creator', promoted_to_creator_at: expect.any(String) });
    expect(await entriesOf(account, 'user.upgrade_creator')).toMatchObject([
      {
        ...{ actor: account.id, ip: '198.51.100.4', userAgent: 'Firefox' },
        ...{ before: { role: 'user' }, after: { role: 'creator' } },
      },
    ]);
    const again = await upgrade(headers);
    expect(again.body).toEqual({ ...upgraded.body, already_elevated: true });
    expect(await entriesOf(account, 'user.upgrade_creator')).toHaveLength(1);
  });

  test.each(ROLES.filter((role) => role !== 'user'))(
    '%s: already_elevated, and the time stays NULL',
    async (role) => {
      const account = await addAccount(world, { role });
      const answer = await upgrade(withToken(await signIn(world, account)));
      expect(answer.body).toEqual({ already_elevated: true, role, promoted_to_creator_at: null });
    },
  );

  test('nobody has the id: 404 user_not_found', async () => {
    const code = 'user_not_found';
    await expect(upgradeToCreator(world.database.db, uuidv7())).rejects.toMatchObject({ code });
    expect(ERRORS[code].status).toBe(404);
  });

  test('twice at once: one is elevated, the other reads that again', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const answers = await Promise.all([upgrade(headers), upgrade(headers)]);
    const elevated = answers.filter(({ body }) => body['already_elevated'] === true);
    expect([elevated.length, answers.map(({ status }) => status)]).toEqual([1, [200, 200]]);
    const times = new Set(answers.map(({ body }) => body['promoted_to_creator_at']));
    expect([times.size, times.has(null)]).toEqual([1, false]);
    expect(await entriesOf(account, 'user.upgrade_creator')).toHaveLength(1);
  });

  test('racing admin: the role that the admin gave stays', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const { sql } = world.database;
    const answer = await sql.begin(async (admin) => {
      await admin`UPDATE users SET role = 'label' WHERE id = ${account.id}`;
      const asked = upgrade(headers);
      // The upgrade has read the role `user`, and waits for the admin's row.
      for (let waits = false; !waits;) {
        const [row] = await sql`
          SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE 'update%users%'`;
        waits = Number(row!['count']) > 0;
      }
      return { asked };
    });
    expect((await answer.asked).body).toEqual({
      already_elevated: true,
      role: 'label',
      promoted_to_creator_at: null,
    });
  });

  test('audit failing: the upgrade stands', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const { sql } = world.database;
    await sql`ALTER TABLE audit_log ADD CONSTRAINT no_upgrades CHECK (action <> 'user.upgrade_creator') NOT VALID`;
    const answer = await upgrade(headers);
    await sql`ALTER TABLE audit_log DROP CONSTRAINT no_upgrades`;
    expect(answer.body).toMatchObject({ role: 'creator' });
    expect(world.logLines.some((line) => line.includes('not in the audit log'))).toBe(true);
    const [user] = await world.database.db.select().from(users).where(eq(users.id, account.id));
    expect(user?.role).toBe('creator');
  });

  test('is open where an identity provider keeps the accounts', async () => {
    const external = await openApi({
      databaseUrl: world.databaseUrl,
      config: { ...CONFIG, IDENTITY: 'external' },
    });
    const account = await addAccount(world);
    const answer = await upgrade(await bearer({ sub: account.id }), external);
    expect(answer.body).toMatchObject({ role: 'creator' });
  });
});

describe('API keys of one’s own', () => {
  const make = (headers: Record<string, string>, more: object = {}) =>
    ask(world, 'POST', '/me/api-keys', { headers, body: { name: 'script', scopes: ['read'], ...more } });
  const keyOf = ({ body }: Awaited<ReturnType<typeof make>>) => String(body['key']);
  const idOf = ({ body }: Awaited<ReturnType<typeof make>>) => (body['api_key'] as { id: string }).id;

  test('act as their person, and end when they are revoked', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const made = await make(headers);
    expect(made.status).toBe(201);
    const byKey = { 'X-API-Key': keyOf(made) };
    const me = await ask(world, 'GET', '/users/me', { headers: byKey });
    expect(me.body.user.id).toBe(account.id);
    const listed = await ask(world, 'GET', '/me/api-keys', { headers });
    expect(listed.body.data).toMatchObject([{ id: idOf(made), name: 'script', scopes: ['read'] }]);
    expect(listed.text).not.toContain(keyOf(made));
    const revoke = () => ask(world, 'DELETE', `/me/api-keys/${idOf(made)}`, { headers });
    expect([(await revoke()).status, (await revoke()).status]).toEqual([200, 200]);
    expect((await ask(world, 'GET', '/users/me', { headers: byKey })).status).toBe(401);
  });

  test('never may more than the person, and an admin’s is no admin’s', async () => {
    const admin = await addAccount(world, { role: 'admin' });
    const headers = withToken(await signIn(world, admin));
    expect((await make(headers, { scopes: ['admin'] })).status).toBe(422);
    const key = keyOf(await make(headers, { scopes: ['read', 'write'] }));
    const asked = await ask(world, 'GET', '/admin/flags', { headers: { 'X-API-Key': key } });
    expect(refusal(asked)).toEqual([403, 'forbidden']);
  });

  test('ask for the password, or a fresh sign-in', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    await world.database.sql`
      UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${account.id}`;
    expect(refusal(await make(headers))).toEqual([403, 'reauthentication_required']);
    expect(refusal(await make(headers, { password: 'not the one I have' }))).toEqual([
      401,
      'invalid_credentials',
    ]);
    expect((await make(headers, { password: PASSWORD })).status).toBe(201);
  });

  test('are twenty that work at most, also of many made at once', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const first = await make(headers);
    const rest = await Promise.all(Array.from({ length: 24 }, () => make(headers)));
    expect(rest.filter(({ status }) => status === 201)).toHaveLength(19);
    expect(refusal(await make(headers))).toEqual([409, 'too_many_api_keys']);
    await ask(world, 'DELETE', `/me/api-keys/${idOf(first)}`, { headers });
    expect((await make(headers)).status).toBe(201);
    await world.database
      .sql`UPDATE api_keys SET expires_at = now() WHERE id = (SELECT max(id::text)::uuid FROM api_keys WHERE user_id = ${account.id})`;
    expect([(await make(headers)).status, (await make(headers)).status]).toEqual([201, 409]);
  });

  test('of somebody else are not found, and a key makes none', async () => {
    const [mine, theirs] = [
      withToken(await signIn(world, await addAccount(world))),
      withToken(await signIn(world, await addAccount(world))),
    ];
    const made = await make(theirs, { scopes: ['read', 'write'] });
    const revoked = await ask(world, 'DELETE', `/me/api-keys/${idOf(made)}`, { headers: mine });
    expect(refusal(revoked)).toEqual([404, 'api_key_not_found']);
    expect(refusal(await make({ 'X-API-Key': keyOf(made) }))).toEqual([403, 'person_required']);
  });
});

describe('another address', () => {
  test('is asked for five times a day at most, whichever it is', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const change = (email: string) =>
      ask(world, 'PUT', '/users/me/email', { headers, body: { email, password: PASSWORD } });
    const asked = [];
    for (let times = 0; times < 5; times += 1) {
      asked.push((await change(`${times}.${account.email}`)).status);
    }
    expect(asked).toEqual([202, 202, 202, 202, 202]);
    const refused = await change(`5.${account.email}`);
    expect(refusal(refused)).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(23 * 60 * 60);
    await world.database.sql`UPDATE auth_failures SET since = since - interval '1 day'`;
    expect((await change(`5.${account.email}`)).status).toBe(202);
  });
});

describe('a token for the chat', () => {
  test('is for the chat alone', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const answer = await ask(world, 'POST', '/auth/chat-token', { headers });
    const token = String(answer.body['token']);
    const { payload } = await jwtVerify(token, new TextEncoder().encode(CHAT_SECRET), { audience: 'chat' });
    expect(payload).toMatchObject({ sub: account.id, role: 'user' });
    expect(payload.exp! - payload.iat!).toBe(300);
    const asked = await ask(world, 'GET', '/users/me', { headers: { Authorization: `Bearer ${token}` } });
    expect(asked.status).toBe(401);
  });

  test('there is none without CHAT_JWT_SECRET', async () => {
    const own = await openApi({ databaseUrl: world.databaseUrl });
    const headers = withToken(await signIn(own, await addAccount(world)));
    expect((await ask(own, 'POST', '/auth/chat-token', { headers })).status).toBe(404);
  });

  test('CHAT_JWT_SECRET equal to JWT_SECRET is refused', () => {
    const both = { NODE_ENV: 'test', JWT_SECRET: SECRET, CHAT_JWT_SECRET: SECRET };
    expect(() => readConfig(both)).toThrow(/CHAT_JWT_SECRET: expected another one than JWT_SECRET/);
  });
});

describe('a profile', () => {
  const PATH = '/users/me/profile';
  const NOTHING = { display_name: null, bio: null, country: null, links: [] };

  test('is corrected by its person, whole, and by nobody else', async () => {
    const [headers, other] = [
      withToken(await signIn(world, await addAccount(world))),
      withToken(await signIn(world, await addAccount(world))),
    ];
    const read = async (by: Record<string, string>) =>
      (await ask(world, 'GET', PATH, { headers: by })).body['profile'];
    const put = (body: unknown) => ask(world, 'PUT', PATH, { headers, body });
    expect(await read(headers)).toEqual(NOTHING);
    const ada = { display_name: 'Ada', bio: 'Writes.', country: 'DE', links: ['https://ada.example/'] };
    expect((await put(ada)).status).toBe(200);
    expect(await read(headers)).toEqual(ada);
    const second = await put({ display_name: 'Ada L.' });
    expect(second.body['profile']).toEqual({ ...NOTHING, display_name: 'Ada L.' });
    expect(await read(headers)).toEqual({ ...NOTHING, display_name: 'Ada L.' });
    expect(await read(other)).toEqual(NOTHING);
    expect(refusal(await ask(world, 'GET', PATH))).toEqual([401, 'unauthenticated']);
  });

  test.each([
    ['without a name', {}],
    ['with a link that no browser should follow', { display_name: 'Ada', links: ['javascript:alert(1)'] }],
    ['with a country that is none', { display_name: 'Ada', country: 'Germany' }],
    ['with a name of 101 characters', { display_name: 'a'.repeat(101) }],
  ])('%s is refused', async (_, body) => {
    const headers = withToken(await signIn(world, await addAccount(world)));
    expect(refusal(await ask(world, 'PUT', PATH, { headers, body }))).toEqual([422, 'validation_failed']);
  });

  test('of somebody who is being erased is not written any more', async () => {
    const { id } = await addAccount(world, { status: 'erasing' });
    const asked = putProfile(world.database.db, id, {
      displayName: 'Ada',
      bio: null,
      country: null,
      links: [],
    });
    await expect(asked).rejects.toMatchObject({ code: 'user_not_found' });
  });
});
