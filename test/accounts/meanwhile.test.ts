import { and, eq, isNull } from 'drizzle-orm';
import { Secret, TOTP } from 'otpauth';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tx } from '../../db/client.ts';
import { endAllSessions, endSessions, PasswordHasher } from '../../db/accounts/index.ts';
import { oauthAccounts, oauthCodes } from '../../db/accounts/oauth/schema.ts';
import { mails, users } from '../../db/accounts/schema.ts';
import { backupCodes, twoFactors } from '../../db/accounts/second-factor/schema.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import { accountTokens } from '../../db/accounts/tokens/schema.ts';
import { createMailer } from '../../providers/smtp/mailer.ts';
import { type SmtpSandbox, startSmtpSandbox } from '../../stand-ins/smtp/index.ts';
import { type ApiWorld, openApi } from '../harness/api.ts';
import { type Account, addAccount, ask, PASSWORD, refusal, signIn, withToken } from './support.ts';

// What somebody asks for in a session, while that session, their second factor or their link is taken from them.

const STEP_MS = 30_000;
const NEW_PASSWORD = 'a loud harbour at midnight';

let smtp: SmtpSandbox;
let world: ApiWorld;
/** A step further for each code, since none is good twice. */
let nowMs = Date.now();
const now = () => new Date(nowMs);
beforeAll(async () => {
  smtp = await startSmtpSandbox();
  const from = 'no-reply@shop.example';
  const mailer = createMailer({ host: smtp.host, port: smtp.port, tls: 'none', timeoutMs: 2_000, from });
  world = await openApi({ mailer, now });
});
afterAll(() => smtp.close());

const db = () => world.database.db;

function nextCode(secret: string): string {
  nowMs += STEP_MS;
  return new TOTP({ secret: Secret.fromBase32(secret), issuer: 'Veza' }).generate({ timestamp: nowMs });
}

interface Guarded {
  readonly account: Account;
  readonly secret: string;
  readonly codes: readonly string[];
  readonly headers: Record<string, string>;
}

/** Somebody whose second factor is on. */
async function guarded(): Promise<Guarded> {
  const account = await addAccount(world);
  const headers = withToken(await signIn(world, account));
  const path = '/users/me/two-factor';
  const { secret } = (await ask(world, 'POST', path, { headers, body: { password: PASSWORD } })).body;
  const confirmed = await ask(world, 'POST', `${path}/confirm`, {
    headers,
    body: { code: nextCode(secret) },
  });
  expect(confirmed.status).toBe(200);
  return { account, secret, codes: confirmed.body.backup_codes, headers };
}

const challengeOf = async (account: Account) => (await signIn(world, account)).body.two_factor.challenge;

/** Asks for something, and does `meanwhile` once that waits for the account. */
async function withAccountLocked<Asked>(
  { id }: Account,
  asking: () => Promise<Asked>,
  meanwhile: (tx: Tx) => Promise<unknown>,
): Promise<Asked> {
  const { asked } = await db().transaction(async (tx) => {
    // A lock by a read: a transaction does not wait for its plain writes.
    await tx.select().from(users).where(eq(users.id, id)).for('no key update');
    const begun = asking();
    await someoneWaits();
    await meanwhile(tx);
    return { asked: begun };
  });
  return asked;
}

const someoneWaits = () =>
  expect
    .poll(
      () => world.database.sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock'`,
    )
    .toHaveLength(1);

const sessionGone =
  ({ id: userId }: Account) =>
  (tx: Tx) =>
    endSessions(tx, { userId }, 'revoked');
const openSessionsOf = ({ id }: Account) =>
  db()
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, id), isNull(sessions.endedAt)));
const mailsOf = async ({ id }: Account) =>
  (await db().select().from(mails).where(eq(mails.userId, id))).map(({ kind }) => kind);

describe('in a session that ends meanwhile', () => {
  test('the password stays', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
    const asking = () => ask(world, 'PUT', '/users/me/password', { headers, body });
    const answered = await withAccountLocked(account, asking, sessionGone(account));
    expect(refusal(answered)).toEqual([401, 'session_ended']);
    expect((await signIn(world, account)).status).toBe(200);
    expect(await mailsOf(account)).not.toContain('password_changed');
  });

  test('no second factor is begun, and none turned on', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const path = '/users/me/two-factor';
    const begin = () => ask(world, 'POST', path, { headers, body: { password: PASSWORD } });
    const { secret } = (await begin()).body;
    const [before] = await db().select().from(twoFactors).where(eq(twoFactors.userId, account.id));
    const code = nextCode(secret);
    const confirm = () => ask(world, 'POST', `${path}/confirm`, { headers, body: { code } });
    expect(refusal(await withAccountLocked(account, confirm, sessionGone(account)))).toEqual([
      401,
      'session_ended',
    ]);
    const other = withToken(await signIn(world, account));
    const again = () => ask(world, 'POST', path, { headers: other, body: { password: PASSWORD } });
    expect(refusal(await withAccountLocked(account, again, sessionGone(account)))).toEqual([
      401,
      'session_ended',
    ]);
    const [after] = await db().select().from(twoFactors).where(eq(twoFactors.userId, account.id));
    expect(after).toMatchObject({ secret: before?.secret, confirmedAt: null });
    expect(await db().select().from(backupCodes).where(eq(backupCodes.userId, account.id))).toEqual([]);
  });

  test('the second factor stays on, and its backup codes stay', async () => {
    const { account, secret, codes, headers } = await guarded();
    const path = '/users/me/two-factor';
    const renewal = { password: PASSWORD, code: nextCode(secret) };
    const renew = () => ask(world, 'POST', `${path}/backup-codes`, { headers, body: renewal });
    expect(refusal(await withAccountLocked(account, renew, sessionGone(account)))).toEqual([
      401,
      'session_ended',
    ]);
    const challenge = await challengeOf(account);
    const meeting = { challenge, backup_code: codes[0] };
    const other = withToken(await ask(world, 'POST', '/auth/two-factor', { body: meeting }));
    const body = { password: PASSWORD, code: nextCode(secret) };
    const off = () => ask(world, 'DELETE', path, { headers: other, body });
    expect(refusal(await withAccountLocked(account, off, sessionGone(account)))).toEqual([
      401,
      'session_ended',
    ]);
    expect(await challengeOf(account)).toBeTypeOf('string');
    expect(await mailsOf(account)).not.toContain('two_factor_off');
  });

  test('a provider stays linked', async () => {
    const account = await addAccount(world);
    await db()
      .insert(oauthAccounts)
      .values({
        ...{ id: uuidv7(), userId: account.id, provider: 'github', subject: account.id },
      });
    const headers = withToken(await signIn(world, account));
    const body = { password: PASSWORD };
    const asking = () => ask(world, 'DELETE', '/users/me/oauth/github', { headers, body });
    expect(refusal(await withAccountLocked(account, asking, sessionGone(account)))).toEqual([
      401,
      'session_ended',
    ]);
    expect(await db().select().from(oauthAccounts).where(eq(oauthAccounts.userId, account.id))).toHaveLength(
      1,
    );
  });

  test('another address is answered as if it counted, and its link is dead', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    const email = `new-${account.email}`;
    const asking = () =>
      ask(world, 'PUT', '/users/me/email', { headers, body: { email, password: PASSWORD } });
    expect((await withAccountLocked(account, asking, sessionGone(account))).status).toBe(202);
    const [link = ''] = smtp.control.messages(email).at(-1)?.links ?? [];
    const confirmed = await ask(world, 'POST', '/auth/confirm-email', {
      body: { token: link.split('#token=')[1] },
    });
    expect(refusal(confirmed)).toEqual([400, 'token_invalid']);
    expect(await db().select().from(accountTokens).where(eq(accountTokens.userId, account.id))).toEqual([]);
    expect(await mailsOf(account)).not.toContain('email_change_requested');
  });

  test('a refresh gives no tokens', async () => {
    const account = await addAccount(world);
    const signedIn = await signIn(world, account);
    const body = { refresh_token: signedIn.body.refresh_token };
    const { asked } = await db().transaction(async (tx) => {
      await tx.select().from(sessions).where(eq(sessions.userId, account.id)).for('update');
      const begun = ask(world, 'POST', '/auth/refresh', { body });
      await someoneWaits();
      await sessionGone(account)(tx);
      return { asked: begun };
    });
    expect(refusal(await asked)).toEqual([401, 'session_ended']);
  });
});

test('a challenge for a password that is changed meanwhile is none', async () => {
  const { account } = await guarded();
  const answered = await withAccountLocked(
    account,
    () => signIn(world, account),
    (tx) => tx.update(users).set({ passwordHash: 'another' }).where(eq(users.id, account.id)),
  );
  expect(refusal(answered)).toEqual([401, 'invalid_credentials']);
});

describe('new backup codes', () => {
  const renew = (on: Pick<ApiWorld, 'app'>, headers: Record<string, string>, code: string | undefined) =>
    ask(on, 'POST', '/users/me/two-factor/backup-codes', { headers, body: { password: PASSWORD, code } });
  const rowsOf = ({ id }: Account) => db().select().from(backupCodes).where(eq(backupCodes.userId, id));

  test('refused under load they have used no code up', async () => {
    const { account, secret, headers } = await guarded();
    // Who has no password is asked for none: the first hash is that of a code.
    await db().update(users).set({ passwordHash: null }).where(eq(users.id, account.id));
    const passwords = new PasswordHasher({ atATime: 0 });
    for (let waiting = 0; waiting < 49; waiting += 1) void passwords.hash(PASSWORD);
    const loaded = await openApi({ databaseUrl: world.databaseUrl, passwords, now });
    const asked = { headers, body: { code: nextCode(secret) } };
    const path = '/users/me/two-factor/backup-codes';
    expect(refusal(await ask(loaded, 'POST', path, asked))).toEqual([503, 'overloaded']);
    expect((await ask(world, 'POST', path, asked)).status).toBe(201);
  });

  test('two at once: the codes of one of them are good', async () => {
    const { account, codes, headers } = await guarded();
    const renewed = await Promise.all([renew(world, headers, codes[0]), renew(world, headers, codes[1])]);
    const made = renewed.filter(({ status }) => status === 201);
    expect(renewed.filter(({ status }) => status >= 500)).toEqual([]);
    expect(made.length).toBeGreaterThan(0);
    expect(await rowsOf(account)).toHaveLength(10);
    const challenge = await challengeOf(account);
    const met = [];
    for (const { body } of made) {
      const given = { challenge, backup_code: body.backup_codes[0] };
      met.push((await ask(world, 'POST', '/auth/two-factor', { body: given })).status);
    }
    expect(met.filter((status) => status === 200)).toHaveLength(1);
  });

  test('are none where the second factor is turned off meanwhile', async () => {
    const { account, secret, headers } = await guarded();
    const code = nextCode(secret);
    const answered = await withAccountLocked(
      account,
      () => renew(world, headers, code),
      async (tx) => {
        await tx.delete(twoFactors).where(eq(twoFactors.userId, account.id));
        await tx.delete(backupCodes).where(eq(backupCodes.userId, account.id));
      },
    );
    expect(refusal(answered)).toEqual([409, 'two_factor_is_off']);
    expect(await rowsOf(account)).toEqual([]);
  });
});

describe('who has begun to sign in gets no further', () => {
  const browserHash = 'b'.repeat(64);
  /** A code that a provider's sign-in would get a session for. */
  async function codeOf({ id: userId }: Account): Promise<void> {
    const codeHash = uuidv7().replaceAll('-', '').padEnd(64, '0');
    const expiresAt = new Date(Date.now() + 60_000);
    await db().insert(oauthCodes).values({ codeHash, userId, browserHash, expiresAt });
  }
  const codesOf = ({ id }: Account) => db().select().from(oauthCodes).where(eq(oauthCodes.userId, id));

  test.each([
    [
      'once all other sessions are ended',
      ({ headers }: Guarded) => ask(world, 'DELETE', '/users/me/sessions', { headers }),
    ],
    [
      'once one session is ended',
      async ({ account, headers, codes }: Guarded) => {
        const challenge = await challengeOf(account);
        const given = { challenge, backup_code: codes[1] };
        const { session } = (await ask(world, 'POST', '/auth/two-factor', { body: given })).body;
        return ask(world, 'DELETE', `/users/me/sessions/${session.id}`, { headers });
      },
    ],
    [
      'once an admin has ended their sessions',
      ({ account: { id } }: Guarded) => db().transaction((tx) => endAllSessions(tx, id, { actor: id })),
    ],
    [
      'once a provider is unlinked',
      async ({ account: { id: userId }, headers }: Guarded) => {
        const link = { id: uuidv7(), userId, provider: 'github', subject: userId } as const;
        await db().insert(oauthAccounts).values(link);
        const body = { password: PASSWORD };
        expect((await ask(world, 'DELETE', '/users/me/oauth/github', { headers, body })).status).toBe(204);
      },
    ],
  ])('%s', async (_, end) => {
    const person = await guarded();
    const { account, codes } = person;
    const challenge = await challengeOf(account);
    await codeOf(account);
    await end(person);
    const given = { challenge, backup_code: codes[0] };
    const met = await ask(world, 'POST', '/auth/two-factor', { body: given });
    expect(refusal(met)).toEqual([401, 'challenge_ended']);
    expect(await codesOf(account)).toEqual([]);
    expect((await openSessionsOf(account)).length).toBeLessThan(2);
  });
});
