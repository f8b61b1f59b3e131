import { hash } from '@node-rs/argon2';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { auditLog } from '../../db/kernel/schema.ts';
import { users } from '../../db/accounts/schema.ts';
import { refreshTokens, sessions } from '../../db/accounts/sessions/schema.ts';
import { authFailures } from '../../db/accounts/tokens/schema.ts';
import { PasswordHasher } from '../../db/accounts/index.ts';
import { startPostgresMeter } from '../../stack/postgres-meter.ts';
import { CLOSED_ADDRESS, CONFIG, openApi, SECRET, tokenOf, type ApiWorld } from '../harness/api.ts';
import { listening, start } from '../harness/processes.ts';
import { type Account, addAccount, ask, cookiesOf, PASSWORD, refusal, signIn, withToken } from './support.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
});

const login = (email: string, password = PASSWORD, ip?: string) =>
  ask(world, 'POST', '/auth/login', { body: { email, password }, ...(ip !== undefined && { ip }) });
const refresh = (token: string) => ask(world, 'POST', '/auth/refresh', { body: { refresh_token: token } });
const me = (headers: Record<string, string>) => ask(world, 'GET', '/users/me', { headers });
const actionsOf = async ({ id }: Account) =>
  (
    await world.database.db
      .select({ action: auditLog.action })
      .from(auditLog)
      .where(eq(auditLog.subject, `account/${id}`))
      .orderBy(auditLog.id)
  ).map(({ action }) => action);

describe('signing in', () => {
  test('answers with a session, its tokens and whose it is', async () => {
    const account = await addAccount(world);
    const answer = await ask(world, 'POST', '/auth/login', {
      body: { email: account.email.toUpperCase(), password: PASSWORD },
      headers: { 'User-Agent': 'Firefox' },
      ip: '198.51.100.7',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      session: { kind: 'token', amr: ['pwd'], ip: '198.51.100.7', user_agent: 'Firefox' },
      user: { id: account.id, email: account.email, is_verified: true, has_password: true, oauth: [] },
      expires_in: 900,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const read = await me(withToken(answer));
    expect(read.body.user).toMatchObject({ id: account.id, two_factor_enabled: false });
    expect(await actionsOf(account)).toEqual(['user.login']);
    const [row] = await world.database
      .sql`SELECT to_jsonb(s)::text || (SELECT string_agg(to_jsonb(r)::text, '') FROM refresh_tokens r WHERE r.session_id = s.id) AS text FROM sessions s WHERE id = ${answer.body.session.id}`;
    expect(row!['text']).not.toContain(answer.body.refresh_token);
  });

  test('an unknown address and a wrong password are answered alike, with one hash and as many statements each', async () => {
    const meter = await startPostgresMeter(world.databaseUrl);
    onTestFinished(() => meter.close());
    const passwords = new PasswordHasher({ atATime: 2 });
    const own = await openApi({ databaseUrl: meter.url, passwords });
    const verified = await addAccount(world);
    const unverified = await addAccount(world, { isVerified: false });
    const without = await addAccount(world, { passwordHash: null });
    const fail = async (email: string) => {
      const before = passwords.made;
      meter.reset();
      const body = { email, password: 'a wrong password of mine' };
      const { status, body: said } = await ask(own, 'POST', '/auth/login', { body, ip: '203.0.113.77' });
      const { statements } = meter.read();
      return { status, code: said.code, hashes: passwords.made - before, statements };
    };
    // The fifth failure makes the client wait, and the sixth is refused before any hash.
    const sixOf = async (email: string) => {
      const answers: Awaited<ReturnType<typeof fail>>[] = [];
      for (let tries = 0; tries < 6; tries += 1) answers.push(await fail(email));
      return answers;
    };
    await sixOf('warm-up@people.example');
    const unknown = await sixOf('nobody@people.example');
    expect(unknown.map(({ status, hashes }) => [status, hashes])).toEqual([
      ...Array.from({ length: 5 }, () => [401, 1]),
      [429, 0],
    ]);
    for (const { email } of [verified, unverified, without]) expect(await sixOf(email)).toEqual(unknown);
  });

  test('login unverified 403, with a wrong password 401', async () => {
    const account = await addAccount(world, { isVerified: false });
    expect(refusal(await login(account.email))).toEqual([403, 'email_not_verified']);
    expect(refusal(await login(account.email, 'not this one either'))).toEqual([401, 'invalid_credentials']);
  });

  test('to a disabled account is refused to the right password alone', async () => {
    const account = await addAccount(world, { status: 'disabled' });
    expect(refusal(await login(account.email))).toEqual([403, 'account_disabled']);
    expect(refusal(await login(account.email, 'not this one either'))).toEqual([401, 'invalid_credentials']);
  });

  test('an account without a password is signed in by none', async () => {
    const account = await addAccount(world, { passwordHash: null });
    expect(refusal(await login(account.email))).toEqual([401, 'invalid_credentials']);
  });

  test('makes a weaker hash anew', async () => {
    const weak = await hash(PASSWORD, { algorithm: 2, memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    const account = await addAccount(world, { passwordHash: weak });
    expect((await login(account.email)).status).toBe(200);
    const [row] = await world.database.db.select().from(users).where(eq(users.id, account.id));
    expect(row?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await login(account.email)).status).toBe(200);
  });

  test('takes JSON alone', async () => {
    const response = await world.app.request('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'email=a&password=b',
    });
    expect(response.status).toBe(415);
  });

  test('checks Origin', async () => {
    const account = await addAccount(world);
    const from = (origin: string) => signIn(world, account, { headers: { Origin: origin } });
    expect((await from('https://shop.example')).status).toBe(200);
    expect(refusal(await from('https://shop.example.evil.example'))).toEqual([403, 'csrf_failed']);
    expect(refusal(await from('null'))).toEqual([403, 'csrf_failed']);
  });
});

describe('refresh tokens', () => {
  test('refresh 20 times at once: one successor', async () => {
    const first = await signIn(world, await addAccount(world));
    const token = first.body.refresh_token;
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(token)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    expect(successors.size).toBe(1);
    expect([...successors]).not.toContain(token);
    const rows = await world.database.db
      .select()
      .from(refreshTokens)
      .where(eq(refreshTokens.sessionId, first.body.session.id));
    expect(rows).toHaveLength(2);
    const next = await refresh([...successors][0]!);
    expect(next.status).toBe(200);
    expect((await me(withToken(next))).status).toBe(200);
  });

  test('reuse ends the session', async () => {
    const account = await addAccount(world);
    const first = await signIn(world, account);
    const token = first.body.refresh_token;
    const second = await refresh(token);
    await world.database
      .sql`UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE used_at IS NOT NULL`;
    expect(refusal(await refresh(token))).toEqual([401, 'refresh_token_reused']);
    expect(refusal(await me(withToken(second)))).toEqual([401, 'session_ended']);
    expect(refusal(await refresh(second.body.refresh_token))).toEqual([401, 'session_ended']);
    expect(await actionsOf(account)).toEqual(['user.login', 'session.reuse']);
  });

  test('one that was never given is refused', async () => {
    expect(refusal(await refresh('made up'))).toEqual([401, 'refresh_token_invalid']);
  });

  test('keep a session for SESSION_IDLE from their use, and for SESSION_TTL at most', async () => {
    const first = await signIn(world, await addAccount(world));
    const id = first.body.session.id;
    const daysLeft = async () => {
      const [row] = await world.database.db.select().from(sessions).where(eq(sessions.id, id));
      return Math.round((row!.expiresAt.getTime() - Date.now()) / 86_400_000);
    };
    expect(await daysLeft()).toBe(14);
    await world.database.db
      .update(sessions)
      .set({ createdAt: sql`now() - interval '80 days'`, expiresAt: sql`now() + interval '1 day'` })
      .where(eq(sessions.id, id));
    expect((await refresh(first.body.refresh_token)).status).toBe(200);
    expect(await daysLeft()).toBe(10);
  });

  test('of a disabled account are refused', async () => {
    const account = await addAccount(world);
    const first = await signIn(world, account);
    await world.database.db.update(users).set({ status: 'disabled' }).where(eq(users.id, account.id));
    expect(refusal(await refresh(first.body.refresh_token))).toEqual([403, 'account_disabled']);
  });
});

describe('one’s sessions', () => {
  test('are listed, and end one by one or all others at once', async () => {
    const account = await addAccount(world);
    const [one, two, three] = [
      await signIn(world, account),
      await signIn(world, account),
      await signIn(world, account),
    ];
    const list = () => ask(world, 'GET', '/users/me/sessions', { headers: withToken(one) });
    const idOf = ({ body }: typeof one) => body.session.id;
    expect((await list()).body.data.map(({ id }) => id)).toEqual([three, two, one].map(idOf));
    expect((await list()).body.data.filter(({ is_current: isCurrent }) => isCurrent)).toMatchObject([
      { id: idOf(one) },
    ]);
    const end = (id: string) => ask(world, 'DELETE', `/users/me/sessions/${id}`, { headers: withToken(one) });
    expect((await end(idOf(two))).status).toBe(204);
    expect(refusal(await end(idOf(two)))).toEqual([404, 'session_not_found']);
    expect(refusal(await me(withToken(two)))).toEqual([401, 'session_ended']);
    expect((await ask(world, 'DELETE', '/users/me/sessions', { headers: withToken(one) })).status).toBe(204);
    expect(refusal(await me(withToken(three)))).toEqual([401, 'session_ended']);
    expect((await ask(world, 'POST', '/auth/logout', { headers: withToken(one) })).status).toBe(204);
    expect(refusal(await me(withToken(one)))).toEqual([401, 'session_ended']);
    expect(refusal(await refresh(one.body.refresh_token))).toEqual([401, 'session_ended']);
    expect(await actionsOf(account)).toEqual([
      ...['user.login', 'user.login', 'user.login'],
      ...['session.end', 'session.end', 'user.logout'],
    ]);
  });

  test('of somebody else cannot be ended', async () => {
    const [mine, theirs] = [
      await signIn(world, await addAccount(world)),
      await signIn(world, await addAccount(world)),
    ];
    const headers = withToken(mine);
    const answer = await ask(world, 'DELETE', `/users/me/sessions/${theirs.body.session.id}`, { headers });
    expect(refusal(answer)).toEqual([404, 'session_not_found']);
    expect((await me(withToken(theirs))).status).toBe(200);
  });
});

describe('the cookie of a session', () => {
  const ORIGIN = 'https://shop.example';
  async function browser() {
    const { email } = await addAccount(world);
    const body = { email, password: PASSWORD, session: 'cookie' };
    const answer = await ask(world, 'POST', '/auth/login', { body, headers: { Origin: ORIGIN } });
    return { answer, cookie: cookiesOf(answer) };
  }

  test('opens what a token opens, and no script reads it', async () => {
    const { answer, cookie } = await browser();
    expect(Object.keys(answer.body).toSorted()).toEqual(['csrf_token', 'session', 'user']);
    const set = answer.headers.getSetCookie().find((one) => one.startsWith('__Host-veza='));
    expect(set).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect((await me({ Cookie: cookie })).body.user.id).toBe(answer.body.user.id);
    const session = await ask(world, 'GET', '/auth/session', { headers: { Cookie: cookie } });
    expect(session.body).toMatchObject({
      session: { kind: 'cookie' },
      csrf_token: answer.body.csrf_token,
    });
  });

  test('keeps a session for SESSION_IDLE from its use, and for SESSION_TTL at most', async () => {
    const { answer, cookie } = await browser();
    const { id } = answer.body.session;
    const hasId = eq(sessions.id, id);
    const daysLeft = async () => {
      const [row] = await world.database.db.select().from(sessions).where(hasId);
      return (row!.expiresAt.getTime() - Date.now()) / 86_400_000;
    };
    const standing = (ageDays: number, leftDays: number, seenMin: number) =>
      world.database.db
        .update(sessions)
        .set({
          createdAt: sql`now() - ${ageDays} * interval '1 day'`,
          expiresAt: sql`now() + ${leftDays} * interval '1 day'`,
          lastSeenAt: sql`now() - ${seenMin} * interval '1 minute'`,
        })
        .where(hasId);
    expect(await daysLeft()).toBeCloseTo(14, 1);
    // Used within five minutes before: the row is not written again.
    await standing(3, 11, 4);
    expect((await me({ Cookie: cookie })).status).toBe(200);
    expect(await daysLeft()).toBeCloseTo(11, 1);
    await standing(13, 1, 6);
    expect((await me({ Cookie: cookie })).status).toBe(200);
    expect(await daysLeft()).toBeCloseTo(14, 1);
    await standing(80, 4, 6);
    expect((await me({ Cookie: cookie })).status).toBe(200);
    expect(await daysLeft()).toBeCloseTo(10, 1);
    // Nobody used it for two weeks, or it is ninety days old: a use does not bring it back.
    await standing(20, -0.01, 14 * 24 * 60);
    expect(refusal(await me({ Cookie: cookie }))).toEqual([401, 'session_ended']);
    expect(await daysLeft()).toBeLessThan(0);
  });

  test('CSRF: a token of another session is refused', async () => {
    const [one, other] = [await browser(), await browser()];
    const headers = { Cookie: one.cookie, Origin: ORIGIN, 'X-CSRF-Token': other.answer.body.csrf_token };
    expect(refusal(await ask(world, 'POST', '/auth/logout', { headers }))).toEqual([403, 'csrf_failed']);
  });

  test('a listed origin may send it', async () => {
    const { headers } = await ask(world, 'GET', '/plans', { headers: { Origin: ORIGIN } });
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    const foreign = await ask(world, 'GET', '/plans', { headers: { Origin: 'https://evil.example' } });
    expect(foreign.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('failures', () => {
  const WRONG = 'not the password at all';
  const failuresOf = async () => world.database.db.select().from(authFailures).orderBy(authFailures.failures);

  test('waiting not lengthened: after five a client waits, and its tries meanwhile do not count', async () => {
    const account = await addAccount(world);
    await world.database.db.delete(authFailures);
    const fail = () => login(account.email, WRONG, '203.0.113.5');
    for (let tries = 0; tries < 5; tries += 1) expect((await fail()).status).toBe(401);
    const before = await failuresOf();
    const waiting = await fail();
    expect(refusal(waiting)).toEqual([429, 'too_many_attempts']);
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(Number(waiting.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(refusal(await login(account.email, PASSWORD, '203.0.113.5'))).toEqual([429, 'too_many_attempts']);
    expect(await failuresOf()).toEqual(before);
    expect(await actionsOf(account)).toEqual(['user.login_blocked']);
    await world.database.sql`UPDATE auth_failures SET blocked_until = now() WHERE blocked_until IS NOT NULL`;
    expect((await fail()).status).toBe(401);
    expect(Number((await fail()).headers.get('retry-after'))).toBeGreaterThan(110);
    expect(JSON.stringify(await failuresOf())).not.toContain(account.email);
  });

  test('blocked elsewhere, not the owner', async () => {
    const account = await addAccount(world);
    for (let tries = 0; tries < 5; tries += 1) await login(account.email, WRONG, '203.0.113.6');
    expect((await login(account.email, PASSWORD, '203.0.113.6')).status).toBe(429);
    expect((await login(account.email, PASSWORD, '203.0.113.7')).status).toBe(200);
  });

  test('an address that nobody has waits alike', async () => {
    const fail = () => login('no.such@people.example', WRONG, '203.0.113.8');
    for (let tries = 0; tries < 5; tries += 1) expect((await fail()).status).toBe(401);
    expect(refusal(await fail())).toEqual([429, 'too_many_attempts']);
  });

  test('an IPv6 client is its /64', async () => {
    const account = await addAccount(world);
    for (let tries = 0; tries < 5; tries += 1)
      await login(account.email, WRONG, `2001:db8:5:6::${tries + 1}`);
    expect((await login(account.email, PASSWORD, '2001:db8:5:6:ffff:1:2:3')).status).toBe(429);
    expect((await login(account.email, PASSWORD, '2001:db8:5:7::1')).status).toBe(200);
  });

  test('of many at once no more than five pass', async () => {
    const account = await addAccount(world);
    const tries = Array.from({ length: 12 }, () => login(account.email, WRONG, '203.0.113.9'));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
  });

  test('after 100 a day from everywhere only who signed in from there, or in that browser, may try', async () => {
    const account = await addAccount(world);
    const first = await signIn(world, account, { ip: '198.51.100.20' });
    for (let tries = 0; tries < 3; tries += 1) await login(account.email, WRONG, `203.0.114.${tries}`);
    await world.database
      .sql`UPDATE auth_failures SET failures = 100 WHERE blocked_until IS NULL AND failures = 3`;
    expect(refusal(await login(account.email, PASSWORD, '203.0.115.1'))).toEqual([429, 'too_many_attempts']);
    expect((await login(account.email, PASSWORD, '198.51.100.20')).status).toBe(200);
    const known = await signIn(world, account, {
      ip: '203.0.115.2',
      headers: { Cookie: cookiesOf(first) },
    });
    expect(known.status).toBe(200);
    const forged = cookiesOf(first).replace(/\.[\w-]+/, '.forged');
    expect((await signIn(world, account, { ip: '203.0.115.3', headers: { Cookie: forged } })).status).toBe(
      429,
    );
  });
});

describe('limits of clients without credentials', () => {
  const limited = (set: Partial<typeof CONFIG>) => openApi({ config: { ...CONFIG, ...set } });

  test('count each client’s calls', async () => {
    const own = await limited({ RATE_LIMIT_ANONYMOUS: 3 });
    const plans = (ip: string) => ask(own, 'GET', '/plans', { ip });
    for (let calls = 0; calls < 3; calls += 1) expect((await plans('192.0.2.1')).status).toBe(200);
    const over = await plans('192.0.2.1');
    expect(refusal(over)).toEqual([429, 'rate_limited']);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await plans('192.0.2.2')).status).toBe(200);
  });

  test('count each call whose credentials do not hold, and those to nowhere', async () => {
    const own = await limited({ RATE_LIMIT_ANONYMOUS: 6 });
    const account = await addAccount(own);
    const good = withToken(await signIn(own, account));
    const ip = '192.0.2.20';
    const get = (path: string, headers: Record<string, string> = {}) =>
      ask(own, 'GET', path, { ip, headers });
    const expired = { Authorization: `Bearer ${await tokenOf({ sub: account.id, expiresInS: -60 })}` };
    const statuses = [
      await get('/users/me'),
      await get('/users/me', { Authorization: 'Bearer made.up.token' }),
      await get('/users/me', expired),
      await get('/marketplace/orders', { 'X-API-Key': 'vz_live_made_up' }),
      await get('/nowhere'),
      await ask(own, 'PATCH', '/users/me', { ip }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 401, 401, 404, 405]);
    for (const headers of [{}, expired]) {
      expect(refusal(await get('/users/me', headers))).toEqual([429, 'rate_limited']);
    }
    expect(refusal(await get('/nowhere'))).toEqual([429, 'rate_limited']);
    expect((await get('/users/me', good)).status).toBe(200);
    const open = { incoming: { socket: { remoteAddress: ip } } };
    for (const path of ['/health', '/openapi.json', '/docs']) {
      expect((await own.app.request(path, {}, open)).status, path).toBe(200);
    }
    const webhook = await ask(own, 'POST', '/webhooks/stripe', { ip, body: {} });
    expect(webhook.body.code).not.toBe('rate_limited');
    expect((await own.app.request('/ops/codec/decode', { method: 'POST' }, open)).status).toBe(429);
  });

  test('count the published keys, and what is not there beside them', async () => {
    const own = await limited({ RATE_LIMIT_ANONYMOUS: 3 });
    const open = { incoming: { socket: { remoteAddress: '192.0.2.30' } } };
    const get = async (name: string) => (await own.app.request(`/.well-known/${name}`, {}, open)).status;
    expect([await get('jwks.json'), await get('nothing'), await get('nothing')]).toEqual([200, 404, 404]);
    expect([await get('nothing'), await get('jwks.json')]).toEqual([429, 429]);
  });

  test('spoofed X-Forwarded-For counts as the client that it comes from', async () => {
    const own = await limited({ RATE_LIMIT_ANONYMOUS: 2 });
    const plans = (forged: string) =>
      ask(own, 'GET', '/plans', { ip: '192.0.2.9', headers: { 'X-Forwarded-For': forged } });
    expect((await plans('198.51.100.1')).status).toBe(200);
    expect((await plans('198.51.100.2')).status).toBe(200);
    expect((await plans('198.51.100.3')).status).toBe(429);
  });

  test('limits over two processes: one count', async () => {
    const servers = [1, 2].map(() =>
      start('server.ts', [], {
        ...{ NODE_ENV: 'test', PORT: '0', LOG_LEVEL: 'info', DATABASE_URL: world.databaseUrl },
        ...{ TEMPORAL_ADDRESS: CLOSED_ADDRESS, JWT_SECRET: SECRET, RATE_LIMIT_AUTH: '4' },
        ...{ TRIAL_HASH_KEY: CONFIG.TRIAL_HASH_KEY, STRIPE_WEBHOOK_SECRET: 'whsec_x' },
        PERSONAL_DATA_KEYS: `tests:${Buffer.alloc(32, 'a key of persons').toString('base64')}`,
        ...{ HYPERSWITCH_BASE_URL: `http://${CLOSED_ADDRESS}`, HYPERSWITCH_API_KEY: 'snd_x' },
        ...{ HYPERSWITCH_WEBHOOK_SECRET: 'whsec_y', STRIPE_SECRET_KEY: 'sk_test_x' },
      }),
    );
    onTestFinished(async () => {
      for (const { child } of servers) child.kill('SIGKILL');
      await Promise.all(servers.map(({ ended }) => ended));
    });
    const urls = await Promise.all(servers.map(listening));
    const statuses: number[] = [];
    for (let calls = 0; calls < 6; calls += 1) {
      const response = await fetch(`${urls[calls % 2]}/api/v1/auth/refresh`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ refresh_token: 'none' }),
      });
      statuses.push(response.status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
  }, 60_000);
});

test('with an identity provider these routes are its affair', async () => {
  const external = await openApi({ config: { ...CONFIG, IDENTITY: 'external' } });
  for (const [method, path] of [
    ['POST', '/auth/login'],
    ['POST', '/auth/refresh'],
    ['POST', '/auth/logout'],
    ['GET', '/auth/session'],
    ['GET', '/users/me/sessions'],
  ] as const) {
    const answer = await ask(external, method, path, method === 'POST' ? { body: {} } : {});
    expect(refusal(answer)).toEqual([404, 'identity_is_external']);
  }
  expect((await ask(external, 'GET', '/users/me')).status).toBe(401);
});
