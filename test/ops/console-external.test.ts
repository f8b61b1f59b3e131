import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePerson } from '../harness/shop.ts';
import { World } from '../harness/world.ts';
import { Operator } from './console-client.ts';

// Where an identity provider keeps the accounts, the console takes a token of it.

let world: World;
let admin: Awaited<ReturnType<typeof makePerson>>;
beforeAll(async () => {
  world = await World.create({ worker: false, env: { IDENTITY: 'external' } });
  admin = await makePerson(world, 'admin');
});
afterAll(() => world.close());

const tokenEnding = (inSeconds: number, sub = admin.id): Promise<string> =>
  new SignJWT({ role: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer('veza')
    .setAudience('veza')
    .setExpirationTime(Math.floor(Date.now() / 1000) + inSeconds)
    .sign(new TextEncoder().encode(world.config.JWT_SECRET));

describe('login by a token', () => {
  test('the cookie is HttpOnly, SameSite=Strict, for /ops alone, and ends with the token', async () => {
    const answer = await new Operator(world).signIn({ token: await tokenEnding(600) });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^veza_ops=/);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).toContain('Path=/ops');
    expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeGreaterThan(590);
    expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(600);
    expect(cookie).not.toContain('Secure');
  });

  test('a token that does not verify, or has ended, is refused with why', async () => {
    const operator = new Operator(world);
    const wrong = await operator.signIn({ token: `${admin.token}x` });
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('The token does not verify.');
    const ended = await operator.signIn({ token: await tokenEnding(-5) });
    expect(ended.html).toContain('The token has expired.');
    const huge = await operator.signIn({ token: 'a'.repeat(4_000) });
    expect(huge.html).toContain('longer than 3800 characters');
    expect(operator.cookie).toBeNull();
  });

  test('a session that has ended leads to the login, which says so, and its cookie is gone', async () => {
    const operator = new Operator(world);
    const answer = await operator.get('/ops/audit?action=reversal', {
      cookie: `veza_ops=${await tokenEnding(-5)}`,
    });
    expect(answer.status).toBe(303);
    const login = answer.headers.get('location') ?? '';
    expect(login).toBe('/ops/login?next=%2Fops%2Faudit%3Faction%3Dreversal&ended=1');
    expect(answer.headers.get('set-cookie')).toMatch(/^veza_ops=; Max-Age=0/);
    expect((await operator.get(login)).html).toContain('Your session has ended');
  });

  test('a user gets 403 whatever role the token claims', async () => {
    const person = await makePerson(world, 'user');
    const answer = await new Operator(world).signIn({ token: await tokenEnding(600, person.id) });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test('no e-mail and no password are asked for or taken', async () => {
    const operator = new Operator(world);
    expect((await operator.get('/ops/login')).html).not.toContain('E-mail');
    expect((await operator.signIn({ email: 'a@b.example', password: 'x' })).status).toBe(401);
  });

  test('a form is done within the session of a token', async () => {
    const operator = new Operator(world);
    expect((await operator.signIn({ token: admin.token })).status).toBe(303);
    const answer = await operator.submit('/ops/reconcile', { phase: 'inbox', reason: 'because' });
    expect(answer.status).toBe(303);
  });
});
