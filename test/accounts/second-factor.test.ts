import { eq, sql } from 'drizzle-orm';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  endSessions,
  keepSecret,
  newSecret,
  openSession,
  PasswordHasher,
  proveNewSecret,
  turnOn,
} from '../../db/accounts/index.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { endChallenges } from '../../db/accounts/second-factor/challenges.ts';
import { backupCodes, twoFactors } from '../../db/accounts/second-factor/schema.ts';
import { UNOBSERVED } from '../../api/context.ts';
import { createMailer } from '../../providers/smtp/mailer.ts';
import { type SmtpSandbox, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';
import { CONFIG, openApi, type ApiWorld } from '../harness/api.ts';
import { type Account, addAccount, ask, cookiesOf, PASSWORD, refusal, signIn, withToken } from './support.ts';

const STEP_MS = 30_000;

let smtp: SmtpSandbox;
let world: ApiWorld;
/** The processes' clock: a step further for each code that is to be a new one. */
let nowMs = Date.now();
beforeAll(async () => {
  smtp = await startSmtpSandbox();
  const from = 'no-reply@shop.example';
  const mailer = createMailer({ host: smtp.host, port: smtp.port, tls: 'none', timeoutMs: 2_000, from });
  world = await openApi({ mailer, now: () => new Date(nowMs) });
});
afterAll(() => smtp.close());

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(world, 'POST', path, { body, headers });
const totpOf = (secret: string) => new TOTP({ secret: Secret.fromBase32(secret), issuer: 'Veza' });
/** The code of the step that is now, or of another. */
const codeOf = (secret: string, steps = 0) => totpOf(secret).generate({ timestamp: nowMs + steps * STEP_MS });
/** A code that nobody has used. */
function nextCode(secret: string): string {
  nowMs += STEP_MS;
  return codeOf(secret);
}
const wrongCode = (secret: string) => String((Number(codeOf(secret)) + 500_000) % 1_000_000).padStart(6, '0');

interface Guarded {
  readonly account: Account;
  readonly secret: string;
  readonly codes: readonly string[];
  readonly headers: Record<string, string>;
}

/** Somebody whose second factor is on. */
async function guarded(set: Parameters<typeof addAccount>[1] = {}): Promise<Guarded> {
  const account = await addAccount(world, set);
  const headers = withToken(await signIn(world, account));
  const { body } = await post('/users/me/two-factor', { password: PASSWORD }, headers);
  const code = nextCode(body.secret);
  const confirmed = await post('/users/me/two-factor/confirm', { code }, headers);
  expect(confirmed.status).toBe(200);
  return { account, secret: body.secret, codes: confirmed.body.backup_codes, headers };
}

const challenge = async (account: Account) => (await signIn(world, account)).body.two_factor.challenge;
const meet = (token: string, code: string) => post('/auth/two-factor', { challenge: token, code });
const mailsOf = async ({ id }: Account) =>
  (await world.database.db.select().from(mails).where(eq(mails.userId, id))).map(({ kind }) => kind);
const statusesOf = (answers: readonly { readonly status: number }[]) =>
  answers.map(({ status }) => status).toSorted();

describe('setting it up', () => {
  test('gives a secret, its address and its image, and ten codes once it is confirmed', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const other = withToken(await signIn(world, account));
    const wrong = await post('/users/me/two-factor', { password: 'not the one I have' }, headers);
    expect(refusal(wrong)).toEqual([401, 'invalid_credentials']);
    const set = await post('/users/me/two-factor', { password: PASSWORD }, headers);
    expect(set.status).toBe(201);
    expect(set.body['otpauth_uri']).toContain(`secret=${set.body.secret}`);
    expect(set.body['qr_svg']).toMatch(/^<svg/);
    const [row] = await world.database.db.select().from(twoFactors).where(eq(twoFactors.userId, account.id));
    expect(row?.secret).toMatch(/^enc:1:/);
    const refused = await post('/users/me/two-factor/confirm', { code: wrongCode(set.body.secret) }, headers);
    expect(refusal(refused)).toEqual([401, 'two_factor_invalid']);
    const code = nextCode(set.body.secret);
    const confirmed = await post('/users/me/two-factor/confirm', { code }, headers);
    expect(confirmed.body.backup_codes).toHaveLength(10);
    expect(confirmed.body.backup_codes[6]).toMatch(/^07-[A-Z2-9]{5}-[A-Z2-9]{5}$/);
    const { body } = await ask(world, 'GET', '/users/me', { headers });
    expect(body.user).toMatchObject({ two_factor_enabled: true });
    expect(refusal(await ask(world, 'GET', '/users/me', { headers: other }))).toEqual([401, 'session_ended']);
    expect(refusal(await post('/users/me/two-factor', { password: PASSWORD }, headers))).toEqual([
      409,
      'two_factor_is_on',
    ]);
    expect(await mailsOf(account)).toContain('two_factor_on');
    expect(refusal(await meet(await challenge(account), code))).toEqual([401, 'two_factor_invalid']);
  });

  test('unconfirmed secret: it guards nothing', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    await post('/users/me/two-factor', { password: PASSWORD }, headers);
    expect((await signIn(world, account)).body.access_token).toBeTypeOf('string');
  });

  test('a browser has another cookie from then on', async () => {
    const { email } = await addAccount(world);
    const origin = 'https://shop.example';
    const signedIn = await post(
      '/auth/login',
      { email, password: PASSWORD, session: 'cookie' },
      { Origin: origin },
    );
    const headers = {
      Cookie: cookiesOf(signedIn),
      Origin: origin,
      'X-CSRF-Token': signedIn.body.csrf_token,
    };
    const { body } = await post('/users/me/two-factor', { password: PASSWORD }, headers);
    const confirmed = await post('/users/me/two-factor/confirm', { code: nextCode(body.secret) }, headers);
    expect((await ask(world, 'GET', '/users/me', { headers })).status).toBe(401);
    const Cookie = cookiesOf(confirmed);
    const session = await ask(world, 'GET', '/auth/session', { headers: { Cookie } });
    expect(session.body.session).toMatchObject({ amr: ['pwd', 'otp'] });
  });
});

describe('signing in with it', () => {
  test('a password earns a challenge, a code the session', async () => {
    const { account, secret } = await guarded();
    const first = await signIn(world, account);
    expect(first.status).toBe(200);
    expect(first.body).toEqual({
      two_factor: {
        challenge: expect.any(String),
        methods: ['totp', 'backup_code'],
        expires_at: expect.any(String),
      },
    });
    const token = first.body.two_factor.challenge;
    const met = await meet(token, nextCode(secret));
    expect(met.body.session).toMatchObject({ kind: 'token', amr: ['pwd', 'otp'] });
    expect((await ask(world, 'GET', '/users/me', { headers: withToken(met) })).status).toBe(200);
    expect(refusal(await meet(token, nextCode(secret)))).toEqual([401, 'challenge_ended']);
  });

  test('a code of the step before or after counts, of none further', async () => {
    const { account, secret } = await guarded();
    nowMs += 10 * STEP_MS;
    expect((await meet(await challenge(account), codeOf(secret, -2))).status).toBe(401);
    expect((await meet(await challenge(account), codeOf(secret, -1))).status).toBe(200);
    expect((await meet(await challenge(account), codeOf(secret, 1))).status).toBe(200);
    expect((await meet(await challenge(account), codeOf(secret))).status).toBe(401);
  });

  test('TOTP in two challenges at once: one', async () => {
    const { account, secret } = await guarded();
    const [one, two] = [await challenge(account), await challenge(account)];
    const code = nextCode(secret);
    expect(statusesOf(await Promise.all([meet(one, code), meet(two, code)]))).toEqual([200, 401]);
  });

  test('backup code 20 times at once: one', async () => {
    const { account, codes } = await guarded();
    await world.database.db
      .update(twoFactors)
      .set({ failures: -20 })
      .where(eq(twoFactors.userId, account.id));
    const challenges: string[] = [];
    for (let times = 0; times < 20; times += 1) challenges.push(await challenge(account));
    const answers = await Promise.all(challenges.map((token) => meet(token, codes[6]!)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.find(({ status }) => status === 200)?.body.session).toMatchObject({
      amr: ['pwd', 'backup'],
    });
    const used = await world.database.db
      .select()
      .from(backupCodes)
      .where(sql`user_id = ${account.id} AND used_at IS NOT NULL`);
    expect(used.map(({ number }) => number)).toEqual([7]);
    expect((await mailsOf(account)).filter((kind) => kind === 'backup_code_used')).toHaveLength(1);
  });

  test('a code of one number is not good under another', async () => {
    const { account, codes } = await guarded();
    const moved = codes[0]!.replace(/^01/, '02');
    expect(refusal(await meet(await challenge(account), moved))).toEqual([401, 'two_factor_invalid']);
    const typed = codes[0]!.toLowerCase().replaceAll('-', '');
    expect((await meet(await challenge(account), typed)).status).toBe(200);
  });

  test('5 wrong codes end the challenge', async () => {
    const { account, secret } = await guarded();
    const token = await challenge(account);
    for (let times = 0; times < 5; times += 1) {
      expect(refusal(await meet(token, wrongCode(secret)))).toEqual([401, 'two_factor_invalid']);
    }
    expect(refusal(await meet(token, nextCode(secret)))).toEqual([401, 'challenge_ended']);
    expect((await meet(await challenge(account), nextCode(secret))).status).toBe(200);
  });

  test('10 wrong codes over many challenges stop it for 15 minutes, with a mail', async () => {
    const { account, secret } = await guarded();
    for (let times = 0; times < 10; times += 1) {
      expect((await meet(await challenge(account), wrongCode(secret))).status).toBe(401);
    }
    const stopped = await meet(await challenge(account), nextCode(secret));
    expect(refusal(stopped)).toEqual([429, 'too_many_attempts']);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(14 * 60);
    expect((await mailsOf(account)).filter((kind) => kind === 'two_factor_blocked')).toHaveLength(1);
    await world.database.sql`UPDATE two_factors SET blocked_until = now() WHERE user_id = ${account.id}`;
    expect((await meet(await challenge(account), nextCode(secret))).status).toBe(200);
  });

  test('a challenge ends with a change of the password', async () => {
    const { account, secret, headers } = await guarded();
    const token = await challenge(account);
    const body = { current_password: PASSWORD, new_password: 'a loud harbour at midnight' };
    expect((await ask(world, 'PUT', '/users/me/password', { headers, body })).status).toBe(204);
    expect(refusal(await meet(token, nextCode(secret)))).toEqual([401, 'challenge_ended']);
  });

  test('a change of the password while the session is opened leaves none', async () => {
    const { account, secret } = await guarded();
    const token = await challenge(account);
    const code = nextCode(secret);
    const met = await world.database.db.transaction(async (tx) => {
      // A lock by a read: a transaction does not wait for its plain writes.
      await tx.select().from(users).where(eq(users.id, account.id)).for('update');
      const asked = meet(token, code);
      // The code was taken, and the session waits for the account.
      await expect
        .poll(
          () => world.database.sql`SELECT 1 FROM pg_stat_activity WHERE
          datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%"users"%'`,
        )
        .toHaveLength(1);
      await endChallenges(tx, account.id);
      await endSessions(tx, { userId: account.id }, 'password_changed');
      return { asked };
    });
    expect(refusal(await met.asked)).toEqual([401, 'challenge_ended']);
  });

  test('a reset asks for the second factor next', async () => {
    const { account } = await guarded();
    await post('/auth/password-reset', { email: account.email });
    const [link = ''] = smtp.control.messages(account.email).at(-1)?.links ?? [];
    const password = 'a loud harbour at midnight';
    const reset = { token: link.split('#token=')[1], password };
    expect((await post('/auth/password-reset/confirm', reset)).status).toBe(204);
    const signedIn = await post('/auth/login', { email: account.email, password });
    expect(Object.keys(signedIn.body)).toEqual(['two_factor']);
  });
});

describe('attempts', () => {
  test('under load count neither against the second factor nor against the challenge', async () => {
    const { account, codes } = await guarded();
    const passwords = new PasswordHasher({ atATime: 0 });
    for (let waiting = 0; waiting < 50; waiting += 1) void passwords.hash(PASSWORD);
    const { databaseUrl } = world;
    const loaded = await openApi({ databaseUrl, passwords, now: () => new Date(nowMs) });
    const token = await challenge(account);
    const body = { challenge: token, backup_code: codes[0] };
    for (let times = 0; times < 10; times += 1) {
      expect(refusal(await ask(loaded, 'POST', '/auth/two-factor', { body }))).toEqual([503, 'overloaded']);
    }
    expect(await mailsOf(account)).not.toContain('two_factor_blocked');
    expect((await meet(token, codes[0]!)).status).toBe(200);
  });

  test('while it is stopped do not count against the challenge', async () => {
    const { account, secret } = await guarded();
    const { sql: run } = world.database;
    await run`UPDATE two_factors SET blocked_until = now() + interval '1 minute' WHERE user_id = ${account.id}`;
    const token = await challenge(account);
    for (let times = 0; times < 6; times += 1) {
      expect(refusal(await meet(token, nextCode(secret)))).toEqual([429, 'too_many_attempts']);
    }
    await run`UPDATE two_factors SET blocked_until = now() WHERE user_id = ${account.id}`;
    expect((await meet(token, nextCode(secret))).status).toBe(200);
  });

  test('at a secret that was not confirmed count too; a new secret begins anew', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const setUp = async () =>
      (await post('/users/me/two-factor', { password: PASSWORD }, headers)).body.secret;
    const confirm = (code: string) => post('/users/me/two-factor/confirm', { code }, headers);
    const secret = await setUp();
    for (let times = 0; times < 10; times += 1) {
      expect(refusal(await confirm(wrongCode(secret)))).toEqual([401, 'two_factor_invalid']);
    }
    const stopped = await confirm(nextCode(secret));
    expect(refusal(stopped)).toEqual([429, 'too_many_attempts']);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(14 * 60);
    expect((await mailsOf(account)).filter((kind) => kind === 'two_factor_blocked')).toHaveLength(1);
    expect((await confirm(nextCode(await setUp()))).status).toBe(200);
  });
});

describe('a secret', () => {
  test('that is not confirmed within an hour is over, and another one is asked for', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const setUp = async () =>
      (await post('/users/me/two-factor', { password: PASSWORD }, headers)).body.secret;
    const confirm = (code: string) => post('/users/me/two-factor/confirm', { code }, headers);
    const older = await setUp();
    await world.database
      .sql`UPDATE two_factors SET created_at = now() - interval '61 minutes' WHERE user_id = ${account.id}`;
    expect(refusal(await confirm(nextCode(older)))).toEqual([409, 'two_factor_is_off']);
    expect((await confirm(nextCode(await setUp()))).status).toBe(200);
  });

  test('a wrong code of it is observed as a failure', async () => {
    const failed: string[] = [];
    const observer = { ...UNOBSERVED, signInFailed: (code: string) => void failed.push(code) };
    const observed = await openApi({ databaseUrl: world.databaseUrl, observer, now: () => new Date(nowMs) });
    const headers = withToken(await signIn(observed, await addAccount(world)));
    const { secret } = (await post('/users/me/two-factor', { password: PASSWORD }, headers)).body;
    const body = { code: wrongCode(secret) };
    const refused = await ask(observed, 'POST', '/users/me/two-factor/confirm', { headers, body });
    expect(refusal(refused)).toEqual([401, 'two_factor_invalid']);
    expect(failed).toEqual(['two_factor_invalid']);
  });

  test('two tabs: one that was replaced since its code was given is not confirmed', async () => {
    const { db } = world.database;
    const { id: userId } = await addAccount(world);
    const [first, second] = [newSecret(), newSecret()];
    const { session } = await openSession(db, { userId, kind: 'token', amr: ['pwd'], ttlMs: 60_000 });
    const by = { userId, sessionId: session.id };
    await keepSecret(db, by, first);
    const proved = await proveNewSecret(db, { userId, code: codeOf(first), atMs: nowMs }, {});
    if ('waitS' in proved) throw new Error('nobody has tried before');
    await keepSecret(db, by, second);
    const turnedOn = turnOn(db, by, { ...proved, codes: [] }, { actor: userId });
    await expect(turnedOn).rejects.toMatchObject({ code: 'two_factor_invalid' });
    const [row] = await db.select().from(twoFactors).where(eq(twoFactors.userId, userId));
    expect(row).toMatchObject({ confirmedAt: null });
  });
});

describe('with it on', () => {
  test('renewed codes: the old ones are dead', async () => {
    const { account, secret, codes, headers } = await guarded();
    const renew = (code: string) =>
      post('/users/me/two-factor/backup-codes', { password: PASSWORD, code }, headers);
    expect(refusal(await renew(wrongCode(secret)))).toEqual([401, 'two_factor_invalid']);
    const renewed = await renew(nextCode(secret));
    expect(renewed.status).toBe(201);
    expect((await meet(await challenge(account), codes[0]!)).status).toBe(401);
    expect((await meet(await challenge(account), renewed.body.backup_codes[0]!)).status).toBe(200);
  });

  test('it is turned off with password and code, and other sessions end', async () => {
    const { account, secret, headers } = await guarded();
    const other = withToken(await meet(await challenge(account), nextCode(secret)));
    const off = (body: unknown) => ask(world, 'DELETE', '/users/me/two-factor', { headers, body });
    expect(refusal(await off({ password: PASSWORD, code: wrongCode(secret) }))).toEqual([
      401,
      'two_factor_invalid',
    ]);
    const code = nextCode(secret);
    expect((await off({ password: PASSWORD, code })).status).toBe(204);
    expect(refusal(await ask(world, 'GET', '/users/me', { headers: other }))).toEqual([401, 'session_ended']);
    expect((await signIn(world, account)).body.access_token).toBeTypeOf('string');
    expect(await mailsOf(account)).toContain('two_factor_off');
    expect(refusal(await off({ password: PASSWORD, code }))).toEqual([409, 'two_factor_is_off']);
  });

  test('turned off it proves nothing any more: the session is one by a password, and of no admin', async () => {
    const { secret, headers } = await guarded({ role: 'admin' });
    const flags = () => ask(world, 'GET', '/admin/flags', { headers });
    expect((await flags()).status).toBe(200);
    const body = { password: PASSWORD, code: nextCode(secret) };
    expect((await ask(world, 'DELETE', '/users/me/two-factor', { headers, body })).status).toBe(204);
    expect(refusal(await flags())).toEqual([403, 'two_factor_required']);
    const { body: own } = await ask(world, 'GET', '/users/me/sessions', { headers });
    expect(own.data.map(({ amr }) => amr)).toEqual([['pwd']]);
  });

  test('admins need one, unless TWO_FACTOR_FOR_ADMINS is false', async () => {
    const flags = (headers: Record<string, string>, on = world) =>
      ask(on, 'GET', '/admin/flags', { headers });
    const admin = await addAccount(world, { role: 'admin' });
    const withPassword = withToken(await signIn(world, admin));
    expect(refusal(await flags(withPassword))).toEqual([403, 'two_factor_required']);
    const config = { ...CONFIG, TWO_FACTOR_FOR_ADMINS: false };
    const lax = await openApi({ databaseUrl: world.databaseUrl, config, now: () => new Date(nowMs) });
    expect((await flags(withPassword, lax)).status).toBe(200);
    const { account, secret, headers } = await guarded({ role: 'admin' });
    const fresh = withToken(await meet(await challenge(account), nextCode(secret)));
    expect((await flags(fresh)).status).toBe(200);
    expect((await flags(headers)).status).toBe(200);
  });
});
