import { SignJWT } from 'jose';
import { openSession } from '../../db/accounts/index.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../domain/accounts/roles.ts';
import { World } from '../harness/world.ts';
import { makePerson } from '../harness/shop.ts';
import { formOf, Operator } from './console-client.ts';

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

async function tokenEnding(inSeconds: number): Promise<string> {
  const session = { userId: admin.id, kind: 'ops', amr: ['cli'], ttlMs: 60 * 60 * 1000 } as const;
  const opened = await openSession(world.database.db, session);
  return new SignJWT({ role: 'admin', sid: opened.session.id })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(admin.id)
    .setIssuer('veza')
    .setAudience('veza')
    .setExpirationTime(Math.floor(Date.now() / 1000) + inSeconds)
    .sign(new TextEncoder().encode(world.config.JWT_SECRET));
}

describe('login', () => {
  test.each(PAGES)('%s of somebody who is not signed in leads to the login, and back', async (path) => {
    const operator = new Operator(world);
    const answer = await operator.get(path);
    expect(answer.status).toBe(303);
    const login = answer.headers.get('location') ?? '';
    expect(login).toBe(path === '/ops' ? '/ops/login' : `/ops/login?next=${encodeURIComponent(path)}`);
    const form = formOf((await operator.get(login)).html);
    const signedIn = await operator.post(form.action, { ...form.fields, token: admin.token });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, path]);
  });

  test('the cookie is HttpOnly, SameSite=Strict, for /ops alone, and ends with the token', async () => {
    const answer = await new Operator(world).signIn(await tokenEnding(600));
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^veza_ops=/);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).toContain('Path=/ops');
    expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeGreaterThan(590);
    expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(600);
    expect(cookie).not.toContain('Secure');
  });

  test('behind a trusted proxy that came by https the cookie is Secure', async () => {
    const answer = await new Operator(world).signIn(admin.token, '', { 'x-forwarded-proto': 'https' });
    expect(answer.headers.get('set-cookie')).toContain('Secure');
  });

  test.each<Role>(['user', 'moderator', 'artist'])(
    'a signed-in %s gets 403, at the login and on every page',
    async (role) => {
      const person = await makePerson(world, role);
      const operator = new Operator(world);
      const answer = await operator.signIn(person.token);
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
    expect((await new Operator(world).signIn(person.token)).status).toBe(403);
  });

  test('an admin whose account is gone is led to the login, and not let in there', async () => {
    const person = await makePerson(world, 'admin');
    const operator = await Operator.signedIn(world, person);
    await world.database.sql`DELETE FROM sessions WHERE user_id = ${person.id}`;
    await world.database.sql`DELETE FROM users WHERE id = ${person.id}`;
    expect((await operator.get('/ops/approvals')).status).toBe(303);
    expect((await new Operator(world).signIn(person.token)).status).toBe(401);
  });

  test('an admin’s token also comes in the Authorization header', async () => {
    const answer = await new Operator(world).get('/ops', { authorization: `Bearer ${admin.token}` });
    expect(answer.status).toBe(200);
  });

  test('a token that does not verify, or has ended, is refused with why', async () => {
    const operator = new Operator(world);
    const wrong = await operator.signIn(`${admin.token}x`);
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('The token does not verify.');
    const ended = await operator.signIn(await tokenEnding(-5));
    expect(ended.html).toContain('The token has expired.');
    const huge = await operator.signIn('a'.repeat(4_000));
    expect(huge.html).toContain('longer than 3800 characters');
    expect(operator.cookie).toBeNull();
  });

  test('a session that has ended leads to the login, which says so, and its cookie is gone', async () => {
    const operator = await Operator.signedIn(world, admin);
    const answer = await operator.get('/ops/audit?action=reversal', {
      cookie: `veza_ops=${await tokenEnding(-5)}`,
    });
    expect(answer.status).toBe(303);
    const login = answer.headers.get('location') ?? '';
    expect(login).toBe('/ops/login?next=%2Fops%2Faudit%3Faction%3Dreversal&ended=1');
    expect(answer.headers.get('set-cookie')).toMatch(/^veza_ops=; Max-Age=0/);
    expect((await operator.get(login)).html).toContain('Your session has ended');
  });

  test('signing out ends the session', async () => {
    const operator = await Operator.signedIn(world, admin);
    const page = await operator.get('/ops/approvals');
    const token = /name="form_token" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
    const answer = await operator.post('/ops/logout', { form_token: token });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ops/login']);
    expect(operator.cookie).toBeNull();
    expect((await operator.get('/ops')).status).toBe(303);
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
    expect((await operator.signIn(admin.token, next)).headers.get('location')).toBe('/ops');
  });

  test('a link from another site asks again from here, where the browser sends the cookie', async () => {
    const answer = await new Operator(world).get('/ops/approvals', { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('refresh')).toBe('0; url=/ops/approvals');
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
    expect(
      (await new Operator(world).signIn(admin.token, '', headers as Record<string, string>)).status,
    ).toBe(403);
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
