import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { users } from '../../db/accounts/schema.ts';
import { auditLogOf } from '../harness/read.ts';
import { makePerson } from '../harness/shop.ts';
import { type Person, World } from '../harness/world.ts';
import { scrape, valueOf } from '../observe/support.ts';
import { Operator } from './console-client.ts';
import { giveCredentials } from './credentials.ts';

const PER_MINUTE = 8;

let world: World;
let admin: Person;
beforeAll(async () => {
  const env = { RATE_LIMIT_AUTH: String(PER_MINUTE), TRUSTED_PROXIES: '127.0.0.1', METRICS_PORT: '0' };
  world = await World.create({ worker: false, env });
  admin = await makePerson(world, 'admin');
});
afterAll(() => world.close());

const from = (ip: string) => ({ 'x-forwarded-for': ip });
const atConsole = (ip: string, fields: Record<string, string>) =>
  new Operator(world).signIn({ code: '', ...fields }, from(ip));
const atApi = (ip: string, body: object) => world.call(null, 'POST', '/auth/login', body, from(ip));
/** Somebody whose password alone lets them in at both. */
async function somebody() {
  const person = await makePerson(world, 'admin');
  const { email, password } = await giveCredentials(world, person, { isTwoFactorOn: false });
  return { person, right: { email, password }, wrong: { email, password: 'not this one at all' } };
}
const failuresOf = async (result: string) =>
  valueOf(await scrape(world.metricsUrls.api ?? ''), 'veza_sign_in_failures_total', { result });

describe('the console’s login', () => {
  test('counts together with the API’s against RATE_LIMIT_AUTH, whoever tries', async () => {
    const strangers = (number: number) => ({
      email: `nobody-${number}@people.example`,
      password: 'whatever it is',
    });
    for (let number = 0; number < PER_MINUTE; number += 1) {
      const answer = await (number % 2 === 0 ? atConsole : atApi)('192.0.2.20', strangers(number));
      expect(answer.status).toBe(401);
    }
    const over = await atConsole('192.0.2.20', strangers(99));
    expect([over.status, over.html]).toEqual([
      429,
      expect.stringContaining('Too many sign-ins come from here'),
    ]);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await atApi('192.0.2.20', strangers(99))).status).toBe(429);
    expect((await atConsole('192.0.2.21', strangers(99))).status).toBe(401);
  });

  test('waits after five failures of an account from one client, as the API’s does, and counts with it', async () => {
    const { right, wrong } = await somebody();
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await (tries < 3 ? atConsole : atApi)('192.0.2.30', wrong)).status).toBe(401);
    }
    const waits = await atConsole('192.0.2.30', right);
    expect([waits.status, waits.html]).toEqual([429, expect.stringContaining('Too many attempts failed')]);
    expect(Number(waits.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await atApi('192.0.2.30', right)).status).toBe(429);
    expect((await atConsole('192.0.2.31', right)).status).toBe(303);
  });
});

describe('unblock', () => {
  test('forgets all failures of an account, from one client and from everywhere, and of no other', async () => {
    const [kept, other] = [await somebody(), await somebody()];
    for (const { wrong } of [kept, other]) {
      for (let tries = 0; tries < 5; tries += 1)
        await atApi(`192.0.2.${wrong === kept.wrong ? 40 : 41}`, wrong);
    }
    // What a day of tries from everywhere leaves, which no test waits for.
    await world.database.sql`UPDATE auth_failures SET failures = 100
      WHERE user_id = ${kept.person.id} AND blocked_until IS NULL`;
    expect((await atConsole('192.0.2.40', kept.right)).status).toBe(429);
    expect((await atConsole('192.0.2.42', kept.right)).status).toBe(429);
    const subject = `account/${kept.person.id}`;
    const done = await world.post(admin, '/admin/actions', {
      action: 'unblock',
      subject,
      reason: 'they called',
    });
    expect(done.status).toBe(200);
    expect((await atConsole('192.0.2.40', kept.right)).status).toBe(303);
    expect((await atConsole('192.0.2.42', kept.right)).status).toBe(303);
    expect((await atConsole('192.0.2.41', other.right)).status).toBe(429);
    expect((await auditLogOf(world, subject)).find(({ action }) => action === 'user.unblock')).toMatchObject({
      actor: admin.id,
      before: { passwords: 100, codes: 0 },
      after: { passwords: 0, codes: 0 },
    });
    const [row] = await world.database.db.select().from(users).where(eq(users.id, kept.person.id));
    expect(row).toMatchObject({ status: 'active' });
  });
});

test('failed attempts are counted by why, at API and console', async () => {
  const [before, waitedBefore] = [
    await failuresOf('invalid_credentials'),
    await failuresOf('too_many_attempts'),
  ];
  expect(await failuresOf('two_factor_invalid')).toBe(0);
  const { wrong } = await somebody();
  for (let tries = 0; tries < 6; tries += 1) await (tries % 2 === 0 ? atConsole : atApi)('192.0.2.50', wrong);
  expect(await failuresOf('invalid_credentials')).toBe((before ?? 0) + 5);
  expect(await failuresOf('too_many_attempts')).toBe((waitedBefore ?? 0) + 1);
  const person = await makePerson(world, 'admin');
  const { email, password } = await giveCredentials(world, person);
  expect((await atConsole('192.0.2.51', { email, password, code: '000000' })).status).toBe(401);
  expect(await failuresOf('two_factor_invalid')).toBe(1);
});
