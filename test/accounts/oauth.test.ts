import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { oauthAccounts, oauthCodes, oauthStates } from '../../db/accounts/oauth/schema.ts';
import { endOauth } from '../../db/accounts/oauth/states.ts';
import { makeAccountToken } from '../../db/accounts/tokens/make.ts';
import { openOf, sealFor } from '../../db/accounts/index.ts';
import { userProfiles, users } from '../../db/accounts/schema.ts';
import { twoFactors } from '../../db/accounts/second-factor/schema.ts';
import { auditLog } from '../../db/kernel/schema.ts';
import type { Sealed } from '../../domain/kernel/index.ts';
import { OAUTH_PROVIDERS, type OauthProvider } from '../../domain/accounts/sessions.ts';
import { createOauthClients } from '../../providers/oauth/index.ts';
import { type OauthSandbox, startOauthSandbox } from '../../stand-ins/oauth/index.ts';
import { type ApiWorld, CONFIG, openApi } from '../harness/api.ts';
import {
  addAccount,
  type Answered,
  ask,
  cookiesOf,
  PASSWORD,
  refusal,
  signIn,
  withToken,
} from './support.ts';

const CREDENTIALS = { clientId: 'veza', clientSecret: 'a-secret-of-the-tests' };
const REDIRECT = 'https://shop.example/signed-in';

let world: ApiWorld;
let sandbox: OauthSandbox;
beforeAll(async () => {
  sandbox = await startOauthSandbox(CREDENTIALS);
  const oauth = createOauthClients({
    providers: Object.fromEntries(OAUTH_PROVIDERS.map((provider) => [provider, CREDENTIALS])),
    oidcIssuer: `${sandbox.url}/oidc`,
    standInUrl: sandbox.url,
    timeoutMs: 400,
  });
  world = await openApi({ oauth });
});
afterEach(async () => {
  sandbox.control.clearFaults();
  await sandbox.control.comeBack();
});
afterAll(() => sandbox.close());

const db = () => world.database.db;
let people = 0;
/** Somebody new at a provider. */
function somebody(set: { email?: string | null; isVerified?: boolean } = {}) {
  people += 1;
  const subject = String(5_000 + people);
  return { subject, email: `p${people}@people.example`, isVerified: true, name: 'Ada', ...set };
}

/** A browser, that keeps its cookies. */
class Browser {
  cookies = '';

  async get(path: string): Promise<Answered> {
    const answer = await ask(world, 'GET', path, { headers: { Cookie: this.cookies } });
    if (answer.headers.getSetCookie().length > 0) this.cookies = cookiesOf(answer);
    return answer;
  }

  /** Goes to the provider's page and back; returns the path of the callback. */
  async visit(location: string | null): Promise<string> {
    const page = await fetch(location ?? '', { redirect: 'manual' });
    const back = new URL(page.headers.get('location') ?? '');
    expect(back.origin).toBe(CONFIG.API_URL);
    return back.pathname.replace('/api/v1', '') + back.search;
  }

  async begin(provider: OauthProvider, redirectUrl = REDIRECT): Promise<string> {
    const begun = await this.get(
      `/auth/oauth/${provider}?${new URLSearchParams({ redirect_url: redirectUrl }).toString()}`,
    );
    expect(begun.status).toBe(302);
    return this.visit(begun.headers.get('location'));
  }

  /** What the shop is told. */
  async comeBack(path: string): Promise<URLSearchParams> {
    const back = await this.get(path);
    expect(back.status).toBe(302);
    const [at, fragment] = (back.headers.get('location') ?? '').split('#');
    expect(at).toBe(REDIRECT);
    return new URLSearchParams(fragment);
  }

  exchange(code: string | null): Promise<Answered> {
    return ask(world, 'POST', '/auth/oauth/exchange', { body: { code }, headers: { Cookie: this.cookies } });
  }

  async signIn(provider: OauthProvider): Promise<Answered> {
    const told = await this.comeBack(await this.begin(provider));
    expect(told.get('error')).toBeNull();
    return this.exchange(told.get('code'));
  }

  async failBy(provider: OauthProvider): Promise<string | null> {
    return (await this.comeBack(await this.begin(provider))).get('error');
  }
}

const userOf = async (email: string) => {
  const [user] = await db().select().from(users).where(eq(users.email, email));
  return user;
};
const linksOf = (userId: string) => db().select().from(oauthAccounts).where(eq(oauthAccounts.userId, userId));
const actionsOf = async (userId: string) =>
  (
    await db()
      .select()
      .from(auditLog)
      .where(eq(auditLog.subject, `account/${userId}`))
      .orderBy(auditLog.id)
  ).map(({ action }) => action);

describe('words of a provider that no row can hold', () => {
  const NUL = String.fromCharCode(0);
  const HALF = String.fromCharCode(0xd800);

  test.each([
    ['a name of 101 characters', `A${'b'.repeat(100)}`, `A${'b'.repeat(99)}`],
    ['a name with a NUL', `A${NUL}da`, 'A\uFFFDda'],
    ['a name with half a character', `Ada${HALF}`, 'Ada\uFFFD'],
  ])('%s: as much of it as can be kept', async (_, name, kept) => {
    sandbox.control.signInAs('discord', { ...somebody(), name });
    const { status, body } = await new Browser().signIn('discord');
    expect(status).toBe(200);
    const [profile] = await db().select().from(userProfiles).where(eq(userProfiles.userId, body.user.id));
    expect(profile?.displayName).toBe(kept);
  });

  test.each([
    ['with a NUL', `50${NUL}`],
    ['with half a character', `50${HALF}`],
    ['longer than 255 characters', '5'.repeat(3_000)],
  ])('a subject %s is nobody', async (_, subject) => {
    sandbox.control.signInAs('discord', { ...somebody(), subject });
    expect(await new Browser().failBy('discord')).toBe('oauth_failed');
  });

  test('an address with a NUL is none', async () => {
    sandbox.control.signInAs('discord', somebody({ email: `a${NUL}@people.example` }));
    expect(await new Browser().failBy('discord')).toBe('oauth_denied');
  });
});

describe('signing in by a provider', () => {
  test.each(OAUTH_PROVIDERS)('%s makes an account, verified if the provider says so', async (provider) => {
    const ada = somebody();
    sandbox.control.signInAs(provider, ada);
    const answer = await new Browser().signIn(provider);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      session: { kind: 'token', amr: ['oauth'] },
      user: { email: ada.email, is_verified: provider !== 'spotify', has_password: false, oauth: [provider] },
    });
    const { id } = answer.body.user;
    expect(await actionsOf(id)).toEqual(['user.register', 'user.oauth_link', 'user.login']);
    const [profile] = await db().select().from(userProfiles).where(eq(userProfiles.userId, id));
    expect(profile).toMatchObject({ displayName: 'Ada' });
  });

  test('who it is, is provider and subject, never the address', async () => {
    const ada = somebody();
    sandbox.control.signInAs('github', ada);
    const first = await new Browser().signIn('github');
    sandbox.control.signInAs('github', { ...ada, email: 'moved@people.example' });
    const second = await new Browser().signIn('github');
    expect(second.body.user).toMatchObject({ id: first.body.user.id, email: ada.email });
    sandbox.control.signInAs('github', { ...somebody(), email: ada.email });
    expect(await new Browser().failBy('github')).toBe('account_exists');
  });

  test('two browsers at once make one account', async () => {
    const ada = somebody();
    sandbox.control.signInAs('google', ada);
    const browsers = [new Browser(), new Browser(), new Browser()];
    const ways = await Promise.all(browsers.map((one) => one.begin('google')));
    const told = await Promise.all(browsers.map((one, at) => one.comeBack(ways[at] ?? '')));
    const answers = await Promise.all(browsers.map((one, at) => one.exchange(told[at]?.get('code') ?? null)));
    expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1);
  });

  test('a code is good once, in this browser', async () => {
    sandbox.control.signInAs('discord', somebody());
    const browser = new Browser();
    const code = (await browser.comeBack(await browser.begin('discord'))).get('code');
    const other = new Browser();
    await other.begin('discord');
    expect(refusal(await other.exchange(code))).toEqual([400, 'token_invalid']);
    expect((await browser.exchange(code)).status).toBe(200);
    expect(refusal(await browser.exchange(code))).toEqual([400, 'token_invalid']);
  });

  test('a change of the account while its session is opened leaves none, and the code is gone', async () => {
    sandbox.control.signInAs('github', somebody());
    const { id } = (await new Browser().signIn('github')).body.user;
    const browser = new Browser();
    const code = (await browser.comeBack(await browser.begin('github'))).get('code');
    const { asked } = await db().transaction(async (tx) => {
      // A lock by a read: a transaction does not wait for its plain writes.
      await tx.select().from(users).where(eq(users.id, id)).for('update');
      const exchanged = browser.exchange(code);
      // It has found the code, and waits for the account.
      await expect
        .poll(
          () => world.database.sql`SELECT 1 FROM pg_stat_activity WHERE
          datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%"users"%'`,
        )
        .toHaveLength(1);
      await endOauth(tx, id);
      return { asked: exchanged };
    });
    expect(refusal(await asked)).toEqual([400, 'token_invalid']);
  });

  test('a code is over after 60 s', async () => {
    sandbox.control.signInAs('discord', somebody());
    const browser = new Browser();
    const code = (await browser.comeBack(await browser.begin('discord'))).get('code');
    const [row] = await db().select().from(oauthCodes);
    expect((row?.expiresAt.getTime() ?? 0) - (row?.createdAt.getTime() ?? 0)).toBe(60_000);
    await db()
      .update(oauthCodes)
      .set({ expiresAt: new Date(Date.now() - 1) });
    expect(refusal(await browser.exchange(code))).toEqual([400, 'token_invalid']);
  });

  test('provider sign-in asks for the second factor', async () => {
    sandbox.control.signInAs('google', somebody());
    const { id } = (await new Browser().signIn('google')).body.user;
    await db().transaction(async (tx) => {
      const place = { table: 'two_factors', column: 'secret', rowId: id };
      const secret = await sealFor(tx, id, place, 'JBSWY3DPEHPK3PXP');
      await tx.insert(twoFactors).values({ userId: id, secret, confirmedAt: new Date() });
    });
    const answer = await new Browser().signIn('google');
    expect(answer.body).toMatchObject({ two_factor: { methods: ['totp', 'backup_code'] } });
    expect(answer.body.access_token).toBeUndefined();
  });

  test('a disabled account stays closed', async () => {
    const ada = somebody();
    sandbox.control.signInAs('google', ada);
    await new Browser().signIn('google');
    await db()
      .update(users)
      .set({ status: 'disabled' })
      .where(eq(users.email, ada.email ?? ''));
    expect(await new Browser().failBy('google')).toBe('account_disabled');
  });

  test('nobody without an address gets an account', async () => {
    sandbox.control.signInAs('discord', somebody({ email: null }));
    expect(await new Browser().failBy('discord')).toBe('oauth_denied');
  });

  test('no provider that is not switched on', async () => {
    const bare = await openApi();
    for (const provider of ['google', 'myspace']) {
      const answer = await ask(bare, 'GET', `/auth/oauth/${provider}`);
      expect(refusal(answer)).toEqual([404, 'oauth_provider_unknown']);
    }
  });
});

describe('the way there and back', () => {
  test('another verifier', async () => {
    sandbox.control.signInAs('google', somebody());
    const [one, other] = [new Browser(), new Browser()];
    const [mine, theirs] = [await one.begin('google'), await other.begin('google')];
    const injected = new URLSearchParams(mine.split('?')[1]);
    injected.set('code', new URLSearchParams(theirs.split('?')[1]).get('code') ?? '');
    const told = await one.comeBack(`${mine.split('?')[0]}?${injected.toString()}`);
    expect(told.get('error')).toBe('oauth_failed');
  });

  test('state twice', async () => {
    sandbox.control.signInAs('google', somebody());
    const browser = new Browser();
    const path = await browser.begin('google');
    expect((await browser.comeBack(path)).get('code')).not.toBeNull();
    expect(refusal(await browser.get(path))).toEqual([400, 'oauth_state_invalid']);
  });

  test('state of another browser', async () => {
    sandbox.control.signInAs('google', somebody());
    const [attacker, victim] = [new Browser(), new Browser()];
    const path = await attacker.begin('google');
    expect(refusal(await victim.get(path))).toEqual([400, 'oauth_state_invalid']);
    await victim.begin('google');
    expect(refusal(await victim.get(path))).toEqual([400, 'oauth_state_invalid']);
  });

  test('a state that is over, or of another provider', async () => {
    const browser = new Browser();
    const path = await browser.begin('google');
    expect(refusal(await browser.get(path.replace('google', 'oidc')))).toEqual([400, 'oauth_state_invalid']);
    await db()
      .update(oauthStates)
      .set({ expiresAt: new Date(Date.now() - 1) });
    expect(refusal(await browser.get(path))).toEqual([400, 'oauth_state_invalid']);
  });

  test('two tabs of one browser', async () => {
    sandbox.control.signInAs('google', somebody());
    const browser = new Browser();
    const [first, second] = [await browser.begin('google'), await browser.begin('google')];
    for (const path of [first, second]) expect((await browser.comeBack(path)).get('code')).not.toBeNull();
  });

  test.each([
    ['a user part', 'https://shop.example@evil.example/'],
    ['a user part of the right host', 'https://ada@shop.example/'],
    ['a backslash', 'https://shop.example\\@evil.example/'],
    ['a backslash for a slash', 'https:\\\\shop.example/'],
    ['a subdomain', 'https://evil.shop.example/'],
    ['a longer host', 'https://shop.example.evil.example/'],
    ['http', 'http://shop.example/'],
    ['a port', 'https://shop.example:8443/'],
    ['the port of another host', 'https://m.shop.example:443/'],
    ['a fragment', 'https://shop.example/#code=x'],
    ['another scheme', 'javascript:alert(1)//https://shop.example/'],
    ['no scheme', '//shop.example/'],
    ['a line', 'https://shop.example/\r\nX: y'],
  ])('redirects: %s is refused before anything is stored', async (_, redirectUrl) => {
    const before = await db().select().from(oauthStates);
    const query = new URLSearchParams({ redirect_url: redirectUrl });
    const answer = await ask(world, 'GET', `/auth/oauth/google?${query.toString()}`);
    expect(refusal(answer)).toEqual([400, 'redirect_not_allowed']);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await db().select().from(oauthStates)).toEqual(before);
  });

  test.each([
    'https://shop.example',
    'https://shop.example/a?b=c',
    'https://m.shop.example/',
    'https://m.shop.example?a',
  ])('redirects: %s is allowed', async (redirectUrl) => {
    const answer = await ask(
      world,
      'GET',
      `/auth/oauth/google?${new URLSearchParams({ redirect_url: redirectUrl }).toString()}`,
    );
    expect(answer.status).toBe(302);
    expect(answer.headers.getSetCookie().join()).toMatch(
      /^__Host-veza-oauth=[\w-]{43}; Max-Age=660; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('provider down, slow, error under 200', async () => {
    sandbox.control.signInAs('github', somebody());
    const browser = new Browser();
    const down = await browser.begin('github');
    await sandbox.control.goAway();
    expect((await browser.comeBack(down)).get('error')).toBe('oauth_failed');
    await sandbox.control.comeBack();
    sandbox.control.addFault({ kind: 'stall', at: 'token' });
    expect(await browser.failBy('github')).toBe('oauth_failed');
    sandbox.control.addFault({ kind: 'invalidGrant' });
    expect(await browser.failBy('github')).toBe('oauth_failed');
    sandbox.control.addFault({ kind: 'refuse' });
    expect(await browser.failBy('github')).toBe('oauth_denied');
    expect((await browser.signIn('github')).status).toBe(200);
  });

  test('provider down before it was found out where it is', async () => {
    const oauth = createOauthClients({ providers: { oidc: CREDENTIALS }, oidcIssuer: `${sandbox.url}/oidc` });
    const fresh = await openApi({ oauth, databaseUrl: world.databaseUrl });
    sandbox.control.addFault({ kind: 'fail', at: 'discovery' });
    expect(refusal(await ask(fresh, 'GET', '/auth/oauth/oidc'))).toEqual([502, 'oauth_failed']);
    expect((await ask(fresh, 'GET', '/auth/oauth/oidc')).status).toBe(302);
  });
});

describe('an address that an account has', () => {
  test('of a verified account: sign in and link', async () => {
    const account = await addAccount(world);
    sandbox.control.signInAs('google', somebody({ email: account.email.toUpperCase() }));
    expect(await new Browser().failBy('google')).toBe('account_exists');
    expect(await linksOf(account.id)).toEqual([]);
  });

  test('provider address unverified: an unverified account is not theirs', async () => {
    const account = await addAccount(world, { isVerified: false });
    for (const provider of ['google', 'spotify'] as const) {
      sandbox.control.signInAs(provider, somebody({ email: account.email, isVerified: false }));
      expect(await new Browser().failBy(provider)).toBe('account_exists');
    }
    expect(await userOf(account.email)).toMatchObject({
      isVerified: false,
      passwordHash: expect.any(String),
    });
  });

  test('verified, of an attacker’s unverified account: its password and its tokens go', async () => {
    const email = somebody().email ?? '';
    // The attacker comes first, by a provider that verifies nothing, and chooses a password too.
    sandbox.control.signInAs('spotify', somebody({ email, isVerified: false }));
    const attacker = await new Browser().signIn('spotify');
    const { id } = attacker.body.user;
    const { passwordHash } = (await userOf((await addAccount(world)).email)) ?? {};
    await db().update(users).set({ passwordHash }).where(eq(users.id, id));
    const { token } = await db().transaction((tx) =>
      makeAccountToken(tx, { userId: id, purpose: 'verify_email' }),
    );

    sandbox.control.signInAs('google', somebody({ email }));
    const owner = await new Browser().signIn('google');

    expect(owner.body.user).toMatchObject({ id, is_verified: true, has_password: false, oauth: ['google'] });
    expect((await ask(world, 'GET', '/users/me', { headers: withToken(attacker) })).status).toBe(401);
    expect(await actionsOf(id)).toEqual([
      ...['user.register', 'user.oauth_link', 'user.login'],
      ...['user.oauth_unlink', 'session.end', 'user.verify_email', 'user.oauth_link', 'user.login'],
    ]);
    const told = await world.database.sql`SELECT kind FROM mails WHERE user_id = ${id} ORDER BY id`;
    expect(told).toContainEqual({ kind: 'oauth_unlinked' });
    expect(refusal(await signIn(world, { email }))).toEqual([401, 'invalid_credentials']);
    expect(refusal(await ask(world, 'POST', '/auth/verify-email', { body: { token } }))).toEqual([
      400,
      'token_invalid',
    ]);
    sandbox.control.signInAs('spotify', somebody({ email, isVerified: false }));
    expect(await new Browser().failBy('spotify')).toBe('account_exists');
  });
});

describe('linking', () => {
  const link = (
    headers: Record<string, string>,
    body: object = { password: PASSWORD },
    provider = 'github',
  ) =>
    ask(world, 'POST', `/users/me/oauth/${provider}/link`, {
      headers,
      body: { redirect_url: REDIRECT, ...body },
    });
  const unlink = (
    headers: Record<string, string>,
    body: object = { password: PASSWORD },
    provider = 'github',
  ) => ask(world, 'DELETE', `/users/me/oauth/${provider}`, { headers, body });

  /** Somebody has been to the provider, and may come back from there. */
  async function begun(headers: Record<string, string>) {
    const asked = await link(headers);
    expect(asked.status).toBe(200);
    const browser = new Browser();
    browser.cookies = cookiesOf(asked);
    return { browser, path: await browser.visit(String(asked.body['authorization_url'])) };
  }

  async function linked(headers: Record<string, string>): Promise<URLSearchParams> {
    const { browser, path } = await begun(headers);
    return browser.comeBack(path);
  }

  test('a way that was begun ends with its session', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    sandbox.control.signInAs('github', somebody());
    const { browser, path } = await begun(headers);
    expect((await ask(world, 'POST', '/auth/logout', { headers })).status).toBe(204);
    expect(Object.fromEntries(await browser.comeBack(path))).toEqual({ error: 'session_ended' });
    expect(await linksOf(account.id)).toEqual([]);
  });

  test('ways and codes that were begun end with a change of the password, also in the session that stays', async () => {
    const ada = somebody();
    sandbox.control.signInAs('github', ada);
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    expect(Object.fromEntries(await linked(headers))).toEqual({ linked: 'github' });
    const signingIn = new Browser();
    const code = (await signingIn.comeBack(await signingIn.begin('github'))).get('code');
    sandbox.control.signInAs('google', somebody());
    const asked = await link(headers, undefined, 'google');
    const browser = new Browser();
    browser.cookies = cookiesOf(asked);
    const path = await browser.visit(String(asked.body['authorization_url']));
    const body = { current_password: PASSWORD, new_password: 'a loud harbour at midnight' };
    expect((await ask(world, 'PUT', '/users/me/password', { headers, body })).status).toBe(204);
    expect(refusal(await browser.get(path))).toEqual([400, 'oauth_state_invalid']);
    expect(refusal(await signingIn.exchange(code))).toEqual([400, 'token_invalid']);
    expect(await linksOf(account.id)).toHaveLength(1);
  });

  test('asks for the password, and tells by mail', async () => {
    const account = await addAccount(world);
    const headers = withToken(await signIn(world, account));
    expect(refusal(await link(headers, {}))).toEqual([403, 'reauthentication_required']);
    expect(refusal(await link(headers, { password: 'a wrong password' }))).toEqual([
      401,
      'invalid_credentials',
    ]);
    sandbox.control.signInAs('github', somebody());
    expect(Object.fromEntries(await linked(headers))).toEqual({ linked: 'github' });
    expect((await new Browser().signIn('github')).body.user.id).toBe(account.id);
    expect((await unlink(headers)).status).toBe(204);
    expect((await unlink(headers)).status).toBe(204);
    expect(await linksOf(account.id)).toEqual([]);
    const mails = await world.database.sql<
      { kind: string }[]
    >`SELECT kind FROM mails WHERE user_id = ${account.id} AND kind LIKE 'oauth%' ORDER BY id`;
    expect(mails.map(({ kind }) => kind)).toEqual(['oauth_linked', 'oauth_unlinked']);
    expect(await actionsOf(account.id)).toEqual(
      expect.arrayContaining(['user.oauth_link', 'user.oauth_unlink']),
    );
  });

  test('what another account has is not linked', async () => {
    sandbox.control.signInAs('github', somebody());
    await new Browser().signIn('github');
    const account = await addAccount(world);
    const told = await linked(withToken(await signIn(world, account)));
    expect(Object.fromEntries(told)).toEqual({ error: 'account_exists' });
    expect(await linksOf(account.id)).toEqual([]);
  });

  test('the last way to sign in is kept', async () => {
    sandbox.control.signInAs('github', somebody());
    const headers = withToken(await new Browser().signIn('github'));
    expect(refusal(await unlink(headers, {}))).toEqual([409, 'last_sign_in_method']);
    expect((await unlink(headers, {}, 'google')).status).toBe(204);
    expect(refusal(await unlink(headers, {}, 'myspace'))).toEqual([404, 'oauth_provider_unknown']);
  });

  test('who has no password needs a sign-in of the last ten minutes', async () => {
    sandbox.control.signInAs('github', somebody());
    const answer = await new Browser().signIn('github');
    await world.database
      .sql`UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE id = ${answer.body.session.id}`;
    expect(refusal(await link(withToken(answer), {}))).toEqual([403, 'reauthentication_required']);
  });
});

describe('what a provider gave', () => {
  test('sealed at rest, and a moved row does not open', async () => {
    sandbox.control.signInAs('discord', somebody());
    const { id } = (await new Browser().signIn('discord')).body.user;
    const [row] = await linksOf(id);
    for (const token of [row?.accessToken, row?.refreshToken])
      expect(token).toMatch(/^enc:1:[\w.-]+:[\w-]+$/);
    const place = { table: 'oauth_accounts', column: 'access_token', rowId: row?.id ?? '' };
    expect(await openOf(db(), id, place, row?.accessToken as Sealed)).toMatch(/^at_/);
    const moved = { ...place, rowId: uuidv7() };
    await expect(openOf(db(), id, moved, row?.accessToken as Sealed)).rejects.toMatchObject({
      code: 'personal_data_unreadable',
    });
  });

  test('no secret of a way stands in its row', async () => {
    const browser = new Browser();
    const path = await browser.begin('google');
    const rows = JSON.stringify(await db().select().from(oauthStates));
    expect(rows).not.toContain(new URLSearchParams(path.split('?')[1]).get('state'));
    expect(rows).not.toContain(browser.cookies.split('=')[1]);
  });
});
