import { createHmac } from 'node:crypto';
import { desc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endSession, keepSecret, newSecret, openSession } from '../../db/accounts/index.ts';
import { users } from '../../db/accounts/schema.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import { twoFactors } from '../../db/accounts/second-factor/schema.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import { tokenOf } from '../harness/api.ts';
import { type Person, World } from '../harness/world.ts';
import { makePerson } from '../harness/shop.ts';
import { formOf, Operator } from './console-client.ts';
import { codeOf, giveCredentials } from './credentials.ts';

let world: World;
let admin: Awaited<ReturnType<typeof makePerson>>;
beforeAll(async () => {
  world = await World.create({ worker: false, env: { TRUSTED_PROXIES: '127.0.0.1' } });
  admin = await makePerson(world, 'admin');
});
afterAll(() => world.close());

const PAGES = [
  '/ops',
  '/ops/webhooks',
  '/ops/audit',
  '/ops/approvals',
  '/ops/reconcile',
  '/ops/stuck',
  '/ops/statements',
  '/ops/nowhere',
];

/** Each code is good once, so each sign-in is somebody else's. */
async function credentialsOfAdmin() {
  return giveCredentials(world, await makePerson(world, 'admin'));
}

async function signedIn(headers: Record<string, string> = {}) {
  const { email, password, code } = await credentialsOfAdmin();
  const answer = await new Operator(world).signIn({ email, password, code: code() }, headers);
  expect([answer.status, answer.headers.get('location')], answer.html).toEqual([303, '/ops']);
  return answer;
}

/** The session of the console that was opened last. */
async function lastSession() {
  const [row] = await world.database.db
    .select()
    .from(sessions)
    .where(eq(sessions.kind, 'console'))
    .orderBy(desc(sessions.id))
    .limit(1);
  if (row === undefined) throw new Error('nobody has signed in');
  return row;
}

describe('login', () => {
  test.each(PAGES)('%s of somebody who is not signed in leads to the login, and back', async (path) => {
    const operator = new Operator(world);
    const answer = await operator.get(path);
    expect(answer.status).toBe(303);
    const login = answer.headers.get('location') ?? '';
    expect(login).toBe(path === '/ops' ? '/ops/login' : `/ops/login?next=${encodeURIComponent(path)}`);
    const form = formOf((await operator.get(login)).html);
    const { email, password, code } = await credentialsOfAdmin();
    const after = await operator.post(form.action, { ...form.fields, email, password, code: code() });
    expect([after.status, after.headers.get('location')]).toEqual([303, path]);
  });

  test('the cookie is HttpOnly, SameSite=Strict, for /ops alone, and ends after eight hours; behind https it is Secure', async () => {
    const [plain, secure] = [await signedIn(), await signedIn({ 'x-forwarded-proto': 'https' })];
    const cookie = plain.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^veza_ops=[\w-]{43};/);
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/ops', 'Max-Age=28800']) {
      expect(cookie).toContain(part);
    }
    expect(cookie).not.toContain('Secure');
    expect(secure.headers.get('set-cookie')).toContain('Secure');
  });

  test.each<Role>(['user', 'moderator', 'artist'])(
    'a signed-in %s gets 403, at the login and on every page',
    async (role) => {
      const person = await makePerson(world, role);
      const operator = new Operator(world);
      const { email, password } = await giveCredentials(world, person, { isTwoFactorOn: false });
      const answer = await operator.signIn({ email, password });
      expect(answer.status).toBe(403);
      expect(answer.html).toContain('<code>forbidden</code>');
      expect(answer.headers.get('set-cookie')).toBeNull();
      for (const path of PAGES) {
        expect((await operator.get(path, { authorization: `Bearer ${person.token}` })).status, path).toBe(
          403,
        );
      }
    },
  );

  test('an admin whose role is taken away is out at the next page, and may do nothing with a form', async () => {
    const person = await makePerson(world, 'admin');
    const operator = await Operator.signedIn(world, person);
    const page = await operator.get('/ops/reconcile');
    const { action, fields } = formOf(page.html);
    await world.database.sql`UPDATE users SET role = 'user' WHERE id = ${person.id}`;
    for (const path of PAGES) expect((await operator.get(path)).status, path).toBe(403);
    expect((await operator.post(action, { ...fields, reason: 'still here' })).status).toBe(403);
  });

  test('an admin whose account is gone is led to the login', async () => {
    const person = await makePerson(world, 'admin');
    const operator = await Operator.signedIn(world, person);
    await world.database.sql`DELETE FROM sessions WHERE user_id = ${person.id}`;
    await world.database.sql`DELETE FROM users WHERE id = ${person.id}`;
    expect((await operator.get('/ops/approvals')).status).toBe(303);
  });

  test('an admin’s token also comes in the Authorization header', async () => {
    const answer = await new Operator(world).get('/ops', { authorization: `Bearer ${admin.token}` });
    expect(answer.status).toBe(200);
  });

  test('signing out ends the session', async () => {
    const operator = await Operator.signedIn(world, admin);
    const cookie = operator.cookie ?? '';
    const page = await operator.get('/ops/approvals');
    const token = /name="form_token" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
    const answer = await operator.post('/ops/logout', { form_token: token });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ops/login']);
    expect(operator.cookie).toBeNull();
    expect(await lastSession()).toMatchObject({ endReason: 'logout' });
    expect((await operator.get('/ops', { cookie })).status).toBe(303);
  });

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/ops/../../evil',
    '/ops\\..\\evil',
    '/opsevil',
    'javascript:alert(1)',
    '/ops/login?next=/ops',
    '/api/v1/admin/stuck',
  ])('nobody is led elsewhere after the login: %s', async (next) => {
    const operator = new Operator(world);
    const shown = await operator.get(`/ops/login?next=${encodeURIComponent(next)}`);
    expect(formOf(shown.html).fields['next']).toBe('/ops');
    const { email, password, code } = await credentialsOfAdmin();
    const answer = await operator.signIn({ email, password, code: code(), next });
    expect(answer.headers.get('location')).toBe('/ops');
  });

  test('a link from another site asks again from here, where the browser sends the cookie', async () => {
    const answer = await new Operator(world).get('/ops/approvals', { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('refresh')).toBe('0; url=/ops/approvals');
  });
});

describe('login by e-mail, password and code', () => {
  test.each([
    ['a wrong password', { password: 'another one altogether' }, 'do not belong together'],
    ['an address that nobody has', { email: 'nobody@people.example' }, 'do not belong together'],
    ['no code', { code: '' }, 'Give a code'],
    ['a wrong code', { code: '000000' }, 'The code is wrong'],
  ])('%s: refused, no session', async (_, wrong, notice) => {
    const { email, password, code } = await credentialsOfAdmin();
    const operator = new Operator(world);
    const answer = await operator.signIn({ email, password, code: code(), ...wrong });
    expect([answer.status, operator.cookie]).toEqual([401, null]);
    expect(answer.html).toContain(notice);
  });

  test('a code is good once', async () => {
    const { email, password, code } = await credentialsOfAdmin();
    const given = { email, password, code: code() };
    expect((await new Operator(world).signIn(given)).status).toBe(303);
    expect((await new Operator(world).signIn(given)).status).toBe(401);
  });

  test('after five failures a client waits, also with the right password', async () => {
    const { email, password, code } = await credentialsOfAdmin();
    for (let tried = 0; tried < 5; tried += 1) {
      await new Operator(world).signIn({ email, password: 'wrong', code: '' });
    }
    const answer = await new Operator(world).signIn({ email, password, code: code() });
    expect([answer.status, answer.html.includes('Try again in')]).toEqual([429, true]);
  });

  test('a session that is revoked is over at the next request, and the login says so', async () => {
    const operator = await Operator.signedIn(world, admin);
    const { id: sessionId, userId } = await lastSession();
    expect((await operator.get('/ops/audit')).status).toBe(200);
    await endSession(world.database.db, { userId, sessionId }, 'by_operator');
    const answer = await operator.get('/ops/audit?action=reversal');
    const login = answer.headers.get('location') ?? '';
    expect(login).toBe('/ops/login?next=%2Fops%2Faudit%3Faction%3Dreversal&ended=1');
    expect(answer.headers.get('set-cookie')).toMatch(/^veza_ops=; Max-Age=0/);
    expect((await operator.get(login)).html).toContain('Your session has ended');
  });

  test('idle for half an hour a session is over; used, it goes on', async () => {
    const operator = await Operator.signedIn(world, admin);
    const { cookie } = operator;
    const { id } = await lastSession();
    const idleFor = (minutes: number) => world.database.sql`
      UPDATE sessions SET last_seen_at = now() - ${minutes}::int * interval '1 minute',
        expires_at = now() + (30 - ${minutes}::int) * interval '1 minute' WHERE id = ${id}`;
    await idleFor(20);
    expect((await operator.get('/ops')).status).toBe(200);
    const [row] = await world.database.sql`
      SELECT expires_at > now() + interval '29 minutes' AS goes_on FROM sessions WHERE id = ${id}`;
    expect(row).toEqual({ goes_on: true });
    await idleFor(31);
    expect((await operator.get('/ops', { cookie: cookie ?? '' })).status).toBe(303);
  });

  test('the secret of a cookie is no bearer token, nor a token a cookie', async () => {
    const operator = await Operator.signedIn(world, admin);
    const secret = operator.cookie?.split('=')[1] ?? '';
    const asBearer = await new Operator(world).get('/ops', { authorization: `Bearer ${secret}` });
    expect(asBearer.status).toBe(303);
    expect((await new Operator(world).get('/ops', { cookie: `veza_ops=${admin.token}` })).status).toBe(303);
  });
});

const secretIn = (html: string) => /type\s+<code>([A-Z2-7]+)<\/code>/.exec(html)?.[1] ?? '';

describe('an admin without a second factor', () => {
  async function signedInByPassword() {
    const person = await makePerson(world, 'admin');
    const { email, password } = await giveCredentials(world, person, { isTwoFactorOn: false });
    const operator = new Operator(world);
    expect((await operator.signIn({ email, password })).status).toBe(303);
    return { person, email, password, operator };
  }

  test('is led to its set-up, which opens the console; ten backup codes are shown once, and one signs in', async () => {
    const { operator, email, password } = await signedInByPassword();
    expect((await operator.get('/ops')).headers.get('location')).toBe('/ops/second-factor');
    const shown = await operator.submit('/ops/second-factor', { password });
    expect([shown.status, shown.html.includes('<svg')]).toEqual([200, true]);
    const secret = secretIn(shown.html);
    const before = operator.cookie;
    const wrong = await operator.submit('/ops/second-factor', { code: '000000' });
    expect([wrong.status, wrong.html.includes('not of this secret')]).toEqual([401, true]);
    const on = await operator.submit('/ops/second-factor', { code: codeOf(secret, Date.now()) });
    const codes = [...on.html.matchAll(/<code>(\d\d-\w{5}-\w{5})<\/code>/g)].map(([, one]) => one ?? '');
    expect(codes).toHaveLength(10);
    expect(operator.cookie).not.toBe(before);
    expect((await operator.get('/ops')).status).toBe(200);
    const [code = ''] = codes;
    expect((await new Operator(world).signIn({ email, password, code })).status).toBe(303);
  });

  test.each([
    ['no password', '', 401],
    ['a wrong password', 'another one altogether', 401],
  ])('with %s begins nothing', async (_, password, status) => {
    const { operator, person } = await signedInByPassword();
    const answer = await operator.submit('/ops/second-factor', { password });
    expect([answer.status, answer.html.includes('<svg')]).toEqual([status, false]);
    const { db } = world.database;
    expect(await db.select().from(twoFactors).where(eq(twoFactors.userId, person.id))).toEqual([]);
  });

  test('after five wrong passwords waits', async () => {
    const { operator, password } = await signedInByPassword();
    for (let tried = 0; tried < 5; tried += 1) {
      await operator.submit('/ops/second-factor', { password: 'another one altogether' });
    }
    expect((await operator.submit('/ops/second-factor', { password })).status).toBe(429);
  });

  test('whose password is gone needs a sign-in of the last ten minutes', async () => {
    const { operator, person } = await signedInByPassword();
    const { db } = world.database;
    await db.update(users).set({ passwordHash: null }).where(eq(users.id, person.id));
    const longAgo = new Date(Date.now() - 11 * 60_000);
    await db.update(sessions).set({ authenticatedAt: longAgo }).where(eq(sessions.userId, person.id));
    expect((await operator.submit('/ops/second-factor', {})).status).toBe(403);
    await db.update(sessions).set({ authenticatedAt: new Date() }).where(eq(sessions.userId, person.id));
    expect((await operator.submit('/ops/second-factor', {})).html).toContain('<svg');
  });

  test('is not shown the secret again, only asked for a code of it', async () => {
    const { operator, password } = await signedInByPassword();
    const { html } = await operator.submit('/ops/second-factor', { password });
    const secret = secretIn(html);
    const again = await operator.get('/ops/second-factor');
    expect([again.html.includes(secret), again.html.includes('<svg')]).toEqual([false, false]);
    expect(again.html).toContain('name="code"');
  });

  test('sets none up by a bearer token, whoever holds it', async () => {
    const { person, password } = await signedInByPassword();
    const sessionId = await openTokenSession(person);
    const token = await tokenOf({ sub: person.id, sid: sessionId, secret: world.config.JWT_SECRET ?? '' });
    for (const held of [token, person.token]) {
      const headers = { authorization: `Bearer ${held}` };
      const shown = await new Operator(world).get('/ops/second-factor', headers);
      expect([shown.status, shown.html.includes('<form class="card login"')]).toEqual([403, false]);
      const form_token = createHmac('sha256', held).update('veza console form').digest('base64url');
      const asked = await new Operator(world).post('/ops/second-factor', { form_token, password }, headers);
      expect(asked.status).toBe(403);
    }
    const { db } = world.database;
    expect(await db.select().from(twoFactors).where(eq(twoFactors.userId, person.id))).toEqual([]);
  });

  async function openTokenSession({ id: userId }: Pick<Person, 'id'>): Promise<string> {
    const asked = { userId, kind: 'token', amr: ['pwd'], ttlMs: 60_000 } as const;
    return (await openSession(world.database.db, asked)).session.id;
  }

  test('may do nothing before, and is shown no secret that was confirmed', async () => {
    const { operator, person } = await signedInByPassword();
    const { fields } = formOf((await operator.get('/ops/second-factor')).html);
    const asked = await operator.post('/ops/reconcile', { ...fields, phase: 'inbox', reason: 'because' });
    expect([asked.status, asked.html.includes('two_factor_required')]).toEqual([403, true]);
    const secret = newSecret();
    const by = { userId: person.id, sessionId: await openTokenSession(person) };
    await keepSecret(world.database.db, by, secret);
    await world.database.db
      .update(twoFactors)
      .set({ confirmedAt: new Date() })
      .where(eq(twoFactors.userId, person.id));
    expect((await operator.get('/ops/second-factor')).html).not.toContain(secret);
  });
});

describe('forms', () => {
  const reconcile = { phase: 'inbox', reason: 'because' };

  test('without the token of its session a form is refused, and nothing is done', async () => {
    const operator = await Operator.signedIn(world, admin);
    const other = await Operator.signedIn(world, await makePerson(world, 'admin'));
    const foreign = formOf((await other.get('/ops/reconcile')).html).fields['form_token'] ?? '';
    for (const form_token of ['', 'guessed', foreign]) {
      const answer = await operator.post('/ops/reconcile', { ...reconcile, form_token });
      expect(answer.status).toBe(403);
      expect(answer.html).toContain('does not belong to this session');
    }
    expect((await operator.post('/ops/reconcile', reconcile)).status).toBe(403);
    expect((await operator.get('/ops/audit')).html).not.toContain('reconcile.run');
  });

  test.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('what another site posts is refused: %o', async (headers) => {
    const operator = await Operator.signedIn(world, admin);
    const answer = await operator.submit('/ops/reconcile', reconcile, headers as Record<string, string>);
    expect(answer.status).toBe(403);
    expect(answer.html).toContain('from another site');
    expect((await new Operator(world).signIn({}, headers as Record<string, string>)).status).toBe(403);
  });

  test('what our own page posts is taken', async () => {
    const operator = await Operator.signedIn(world, admin);
    const own = { origin: world.apiUrl, 'sec-fetch-site': 'same-origin' };
    expect((await operator.submit('/ops/reconcile', reconcile, own)).status).toBe(303);
  });

  test('a body that is no form is refused by name', async () => {
    const operator = await Operator.signedIn(world, admin);
    const answer = await operator.post('/ops/reconcile', {}, { 'content-type': 'multipart/form-data' });
    expect(answer.status).toBe(422);
    expect(answer.html).toContain('<code>validation_failed</code>');
  });
});

describe('every page', () => {
  test('loads our own files alone, is not kept, and cannot be framed', async () => {
    const operator = await Operator.signedIn(world, admin);
    for (const path of ['/ops/login', ...PAGES]) {
      const { headers, html } = await operator.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe-inline');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/);
    }
  });

  test('names its request, as the log does', async () => {
    const operator = await Operator.signedIn(world, admin);
    const { html, headers } = await operator.get('/ops', { 'x-request-id': 'from-the-proxy-1' });
    expect(headers.get('x-request-id')).toBe('from-the-proxy-1');
    expect(html).toContain('<code>from-the-proxy-1</code>');
  });

  test('that is not there says so, with its code and its request', async () => {
    const operator = await Operator.signedIn(world, admin);
    const { status, html } = await operator.get('/ops/nowhere', { 'x-request-id': 'lost-1' });
    expect(status).toBe(404);
    expect(html).toContain('<code>not_found</code>');
    expect(html).toContain('<code>lost-1</code>');
  });

  test('comes with files that browsers may keep until they change', async () => {
    const { html } = await new Operator(world).get('/ops/login');
    const [, css = ''] = /href="(\/ops\/assets\/console\.css\?v=[^"]+)"/.exec(html) ?? [];
    const answer = await new Operator(world).get(css);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
  });
});
