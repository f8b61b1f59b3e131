import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { failuresOf } from '../../engine/workflow-bundle.ts';
import { startServer, type RunningServer } from '../../server.ts';
import { startOauthSandbox, type OauthSandbox } from '../../stand-ins/oauth/index.ts';
import { createLogger } from '../../log.ts';
import { type RunningWorker, startWorker } from '../../worker.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import { eventually } from '../harness/wait.ts';
import { type Person, World } from '../harness/world.ts';
import { codeOf } from '../ops/credentials.ts';
import { Operator } from '../ops/console-client.ts';
import { subscriptionsOf } from '../subscriptions/story.ts';
import { overHttp } from '../subscriptions/over-http.ts';
import { Canaries, engineTextsOf } from './canaries.ts';
import { Visitor } from './visitor.ts';

// A whole run whose people have names, addresses, passwords, codes, tokens, browsers and client addresses that are found
// nowhere else. What was given away is looked for in all that a run leaves behind.

/** The only columns in which one may stand, and why. One more is a finding, and so is one that is not there any more. */
const BELONGS: Readonly<Record<string, string>> = {
  'audit_log.ip: client': 'who acted is known by where they came from',
  'audit_log.user_agent: browser': 'and by what they came with',
  'invoices.issued_to: address': 'a document that was issued names whom it was issued to',
  'oauth_states.nonce: token':
    'the provider is told it in the open, and it opens nothing without the verifier, which is sealed',
  'sessions.ip: client': 'people recognise their sessions by it',
  'sessions.user_agent: browser': 'people recognise their sessions by it',
  'user_profiles.display_name: name': 'what somebody says of themselves',
  'users.email: address': 'whom the account is of',
};

const CLIENT = { clientId: 'veza', clientSecret: 'a-secret-of-the-tests' };
const STEP_MS = 30_000;
const REDIRECT = 'https://shop.example/signed-in';

const canaries = new Canaries();
const address = (name: string) => canaries.add('address', `canary-${name}@people.example`);
const password = (words: string) => canaries.add('password', `${words} of a canary`);
const token = (text: string | null | undefined) => canaries.add('token', text ?? '');
const code = (text: string) => canaries.add('code', text);

let world: World;
let production: RunningServer;
let worker: RunningWorker;
let oauth: OauthSandbox;
let shop: Shop;
let offsetMs = 0;
const logLines: string[] = [];
const visitors: Visitor[] = [];
/** Pages and lists that show people to others. */
const shown: string[] = [];
const metrics: string[] = [];
let auditPage = '';
let engineTexts: Map<string, string>;

const visitor = (number: number) => {
  const made = new Visitor(() => world.apiUrl, {
    ip: canaries.add('client', number === 6 ? '2001:db8:ca4a:7::9' : `203.0.113.17${number}`),
    browser: canaries.add('browser', `Canary/${number}.0 (a browser)`),
  });
  visitors.push(made);
  return made;
};

/** The limits of mails to an address count minutes. */
const aMinutePasses = () => world.database.sql`UPDATE auth_failures SET blocked_until = now(), failures = 0`;

/** The token in the newest mail to an address that has a link. */
async function linkTo(email: string): Promise<string> {
  const mail = world.smtp.control.messages(email).findLast(({ links }) => links[0]?.includes('#token='));
  return token(mail?.links[0]?.split('#token=')[1]);
}

async function expectStatus(asked: Promise<{ status: number; text: string }>, status: number) {
  const answer = await asked;
  expect(answer.status, answer.text).toBe(status);
}

async function signIn(by: Visitor, email: string, with_: string) {
  const answer = await by.post('/auth/login', { email, password: with_ });
  expect(answer.status, answer.text).toBe(200);
  return keep(by, answer.body);
}

/** Every secret of a session that was answered; the visitor goes on with it. */
function keep<Body extends { access_token?: string; refresh_token?: string }>(by: Visitor, body: Body): Body {
  if (body.access_token !== undefined) {
    by.token = body.access_token;
    token(body.access_token.split('.')[2]);
    token(body.refresh_token);
  }
  return body;
}

const personOf = async (by: Visitor): Promise<Person> => {
  const { body } = await by.call('GET', '/users/me');
  return { id: body.user.id, role: 'user', token: by.token ?? '' };
};

beforeAll(async () => {
  oauth = await startOauthSandbox(CLIENT);
  world = await World.create({
    worker: false,
    env: {
      TRUSTED_PROXIES: '127.0.0.1',
      METRICS_PORT: '0',
      MAIL_GIVE_UP_AFTER: '2s',
      SMTP_TIMEOUT: '10s',
      OAUTH_GITHUB_CLIENT_ID: CLIENT.clientId,
      OAUTH_GITHUB_CLIENT_SECRET: CLIENT.clientSecret,
      OAUTH_GOOGLE_CLIENT_ID: CLIENT.clientId,
      OAUTH_GOOGLE_CLIENT_SECRET: CLIENT.clientSecret,
      OAUTH_STAND_IN_URL: oauth.url,
    },
  });
  const log = createLogger('trace', { write: (line: string) => void logLines.push(line) });
  const now = () => new Date(Date.now() + offsetMs);
  const development = await startServer(world.config, { log, now });
  world.serveFrom(development.url);
  const codePath = inject('workflowBundlePaths')[failuresOf(world.config)];
  worker = await startWorker(world.config, { log, workflowBundle: { codePath } });
  await inDevelopment();
  await development.close();
  production = await startServer({ ...world.config, APP_ENV: 'production' }, { log, now });
  world.serveFrom(production.url);
  shop = await openShop(world);
  await play();
  await readAll();
}, 120_000);
afterAll(async () => {
  await expectCleanBooks(world);
  await production.close();
  await worker.close();
  await world.close();
  await oauth.close();
});

/** A mail that is not sent is a warning here. */
async function inDevelopment(): Promise<void> {
  world.smtp.control.addFault({ kind: 'refuse' });
  const asked = { email: address('dora'), password: password('a quiet harbour'), display_name: name('Dora') };
  await expectStatus(visitor(0).post('/auth/register', asked), 202);
}

const name = (first: string) => canaries.add('name', `${first} Kanarienvogel`);

async function play(): Promise<void> {
  const { email, by, secret, words } = await registerAnna();
  const bought = await buys(by);
  await changeAnna({ email, by, secret, words });
  await signInByProviders();
  await fail(email);
  await mailsGo();
  expect(bought.orderId).toMatch(/-/);
}

/** Registers against a mail server in trouble, verifies, signs in, and turns the second factor on. */
async function registerAnna() {
  const by = visitor(1);
  const email = address('anna');
  const words = password('a loud harbour');
  const asked = { email, password: words, display_name: name('Anna') };
  world.smtp.control.addFault({ kind: 'refuse' });
  await expectStatus(by.post('/auth/register', asked), 500);
  await expectStatus(by.post('/auth/register', asked), 202);
  await expectStatus(by.post('/auth/login', { email, password: words }), 403);
  await expectStatus(by.post('/auth/verify-email', { token: await linkTo(email) }), 200);
  await expectStatus(by.post('/auth/verify-email', { token: `${await linkTo(email)}x` }), 400);
  await signIn(by, email, words);
  const set = await by.post('/users/me/two-factor', { password: words });
  expect(set.status, set.text).toBe(201);
  const secret = token(set.body.secret);
  const confirmed = await by.post('/users/me/two-factor/confirm', { code: code(codeOf(secret, Date.now())) });
  expect(confirmed.status, confirmed.text).toBe(200);
  for (const one of confirmed.body.backup_codes) code(one);
  const other = visitor(2);
  const asks = async () => token((await signIn(other, email, words)).two_factor.challenge);
  const wrong = { challenge: await asks(), code: code('999999') };
  await expectStatus(other.post('/auth/two-factor', wrong), 401);
  offsetMs += STEP_MS;
  const met = await other.post('/auth/two-factor', {
    challenge: await asks(),
    code: code(codeOf(secret, Date.now() + offsetMs)),
  });
  keep(other, met.body);
  const backup = { challenge: await asks(), backup_code: confirmed.body.backup_codes[3] };
  keep(other, (await other.post('/auth/two-factor', backup)).body);
  return { email, by, secret, words };
}

/** Buys a product and a plan, and is refunded. */
async function buys(by: Visitor) {
  const buyer = await personOf(by);
  const { orderId } = await completedOrder(world, buyer, shop.productIds);
  await settledRefund(world, buyer, orderId, { reason: 'bought the wrong one' });
  const { body } = await overHttp(world, subscriptionsOf(world)).subscribe(buyer);
  world.psp.control.pay(body.payment!.payment_id);
  await subscriptionsOf(world).became(body.subscription!.id, 'active');
  return { orderId };
}

/** A stolen token, a key, another address, another password, and a reset. */
async function changeAnna(anna: { email: string; by: Visitor; secret: string; words: string }) {
  const { by, secret } = anna;
  const thief = visitor(3);
  const nextCode = () => {
    offsetMs += STEP_MS;
    return code(codeOf(secret, Date.now() + offsetMs));
  };
  const opened = await signIn(thief, anna.email, anna.words);
  const challenge = token(opened.two_factor.challenge);
  const { refresh_token: stolen } = keep(
    thief,
    (await thief.post('/auth/two-factor', { challenge, code: nextCode() })).body,
  );
  keep(thief, (await thief.post('/auth/refresh', { refresh_token: stolen })).body);
  await world.database
    .sql`UPDATE refresh_tokens SET used_at = now() - interval '1 minute' WHERE used_at IS NOT NULL`;
  await expectStatus(visitor(4).post('/auth/refresh', { refresh_token: stolen }), 401);
  const made = await by.post('/me/api-keys', { name: 'my script', scopes: ['read'], password: anna.words });
  token(made.body['key'] as string);
  const program = visitor(7);
  const withKey = { 'x-api-key': String(made.body['key']) };
  await expectStatus(program.call('GET', '/me/subscription', undefined, withKey), 200);
  const moved = address('anna-moved');
  await expectStatus(by.call('PUT', '/users/me/email', { email: moved, password: anna.words }), 202);
  await expectStatus(by.post('/auth/confirm-email', { token: await linkTo(moved) }), 200);
  const changed = password('another harbour');
  await expectStatus(
    by.call('PUT', '/users/me/password', { current_password: anna.words, new_password: changed }),
    204,
  );
  await expectStatus(
    by.post('/users/me/two-factor/backup-codes', { password: changed, code: nextCode() }),
    201,
  );
  await aMinutePasses();
  await expectStatus(by.post('/auth/password-reset', { email: moved }), 202);
  const last = password('the last harbour');
  const link = await linkTo(moved);
  await expectStatus(
    by.post('/auth/password-reset/confirm', { token: link, password: 'passwordpassword' }),
    422,
  );
  await expectStatus(by.post('/auth/password-reset/confirm', { token: link, password: last }), 204);
  await expectStatus(by.post('/users/me/upgrade-creator'), 401);
  by.token = null;
  const again = await signIn(by, moved, last);
  keep(
    by,
    (await by.post('/auth/two-factor', { challenge: token(again.two_factor.challenge), code: nextCode() }))
      .body,
  );
  await expectStatus(by.post('/users/me/upgrade-creator'), 200);
  await expectStatus(by.call('DELETE', '/users/me/two-factor', { password: last, code: nextCode() }), 204);
  // An address that has an account, of somebody who says another name.
  await aMinutePasses();
  await expectStatus(
    by.post('/auth/register', { email: moved, password: last, display_name: name('Eve') }),
    202,
  );
}

/** Signs in by one, with a cookie; links another, and leaves a third way unfinished. */
async function signInByProviders() {
  const by = visitor(5);
  const ben = { subject: '70001', email: address('ben'), isVerified: true, name: name('Ben') };
  oauth.control.signInAs('github', ben);
  oauth.control.signInAs('google', { ...ben, subject: '70002', email: address('ben-at-google') });
  const visit = async (location: string | null) => {
    const page = await fetch(location ?? '', { redirect: 'manual' });
    const back = new URL(page.headers.get('location') ?? '');
    for (const [field, value] of back.searchParams) if (field === 'state') token(value);
    const returned = await by.call('GET', back.pathname.replace('/api/v1', '') + back.search);
    expect(returned.status, returned.text).toBe(302);
    return new URLSearchParams((returned.headers.get('location') ?? '').split('#')[1]);
  };
  const begun = await by.call('GET', `/auth/oauth/github?redirect_url=${encodeURIComponent(REDIRECT)}`);
  const told = await visit(begun.headers.get('location'));
  const exchange = { code: token(told.get('code')), session: 'cookie' };
  const { body } = await by.post('/auth/oauth/exchange', exchange);
  by.csrfToken = token(body.csrf_token);
  for (const value of by.cookies.values()) token(value);
  await expectStatus(by.call('GET', '/users/me'), 200);
  const link = await by.post('/users/me/oauth/google/link', { redirect_url: REDIRECT });
  expect((await visit(link.body['authorization_url'] as string)).get('linked')).toBe('google');
  await expectStatus(by.call('DELETE', '/users/me/oauth/google'), 204);
  const left = await by.post('/users/me/oauth/google/link', { redirect_url: REDIRECT });
  const way = new URL(left.body['authorization_url'] as string).searchParams;
  token(way.get('state'));
  token(way.get('nonce'));
  await expectStatus(by.post('/auth/oauth/exchange', exchange), 400);
  const denied = await by.call('GET', `/auth/oauth/github/callback?state=${way.get('state')}&code=x`);
  expect(denied.status).toBe(400);
  oauth.control.addFault({ kind: 'fail', provider: 'github', at: 'person' });
  const again = await by.call('GET', `/auth/oauth/github?redirect_url=${encodeURIComponent(REDIRECT)}`);
  expect((await visit(again.headers.get('location'))).get('error')).toBe('oauth_failed');
}

/** What is refused: bodies that are none, addresses that nobody has, one client too many. */
async function fail(email: string) {
  const by = visitor(6);
  await expectStatus(
    by.post('/auth/register', { email, password: password('x'), nickname: name('Nick') }),
    422,
  );
  await expectStatus(
    by.post('/auth/register', { email: `${email}@`, password: canaries.add('password', 'short-7') }),
    422,
  );
  await expectStatus(
    by.post('/auth/refresh', { refresh_token: token('a-token-that-nobody-ever-made') }),
    401,
  );
  await expectStatus(
    by.post('/auth/login', { email: address('nobody'), password: password('no harbour') }),
    401,
  );
  const anna = world.smtp.control.messages().findLast(({ subject }) => /password/i.test(subject))?.to;
  for (let failures = 0; failures < 5; failures += 1)
    await expectStatus(by.post('/auth/login', { email: anna, password: password('a wrong harbour') }), 401);
  await expectStatus(by.post('/auth/login', { email: anna, password: password('a wrong harbour') }), 429);
}

/** One is refused, one given up, and the rest sent after they were put off. */
async function mailsGo() {
  const { control } = world.smtp;
  const { sql } = world.database;
  const [{ email: given } = { email: '' }] = await sql<{ email: string }[]>`
    SELECT email FROM users JOIN oauth_accounts ON user_id = users.id LIMIT 1`;
  control.addFault({ kind: 'defer', to: given, times: 'always' });
  control.addFault({ kind: 'refuse' });
  control.addFault({ kind: 'defer', times: 2 });
  await world.temporal.workflow.execute('mails', {
    workflowId: `mails-canary-${Date.now()}`,
    taskQueue: world.config.TEMPORAL_PEOPLE_TASK_QUEUE,
    args: [{}],
  });
  await eventually(async () => {
    const left = await sql`SELECT kind FROM mails WHERE status = 'queued'`;
    expect(left).toHaveLength(0);
  });
  const statuses = await sql<{ status: string }[]>`SELECT DISTINCT status FROM mails ORDER BY 1`;
  expect(statuses.map(({ status }) => status)).toEqual(['given_up', 'refused', 'sent']);
}

async function readAll(): Promise<void> {
  const { sql } = world.database;
  const people = await sql<{ id: string }[]>`
    SELECT id FROM users WHERE email LIKE 'canary-%'`;
  expect(people).toHaveLength(3);
  const { admin } = shop;
  const operator = await Operator.signedIn(world, admin);
  const mails = await sql<{ id: string }[]>`SELECT id FROM mails`;
  for (const path of [
    '/ops',
    '/ops/stuck',
    '/ops/accounts',
    ...people.map(({ id }) => `/ops/story/account/${id}`),
  ])
    shown.push((await operator.get(path)).html);
  for (const path of [
    ...['/admin/flags', '/admin/stuck', '/admin/api-keys', '/admin/subscriptions', '/admin/webhooks'],
    ...people.map(({ id }) => `/admin/story?subject=account/${id}`),
    ...mails.map(({ id }) => `/admin/story?subject=mail/${id}`),
  ])
    shown.push(JSON.stringify((await world.get(admin, path)).body));
  auditPage = (await operator.get('/ops/audit')).html;
  for (const url of [production.metricsUrl, worker.metricsUrl])
    metrics.push(await (await fetch(url ?? '')).text());
  engineTexts = await engineTextsOf(world);
}

test('every kind of canary was given away', () => {
  for (const kind of ['name', 'address', 'password', 'code', 'token', 'browser', 'client'] as const)
    expect(canaries.count(kind), kind).toBeGreaterThan(2);
});

test('rows have them only where they belong', async () => {
  expect(await canaries.foundInRows(world)).toEqual(Object.keys(BELONGS).toSorted());
});

test('no log line of any level has one', () => {
  expect(new Set(logLines.map((line) => (JSON.parse(line) as { level: string }).level)).size).toBeGreaterThan(
    1,
  );
  expect(canaries.foundIn(logLines)).toEqual([]);
});

test('no history, page or attribute at the engine has one', () => {
  const kinds = [...engineTexts.keys()].map((id) => id.split(/[/-]/)[0]);
  expect(kinds).toEqual(
    expect.arrayContaining(['mail', 'mails', 'order', 'refund', 'subscription', 'transfer']),
  );
  expect(canaries.foundIn(engineTexts.values())).toEqual([]);
});

test('no metric has one', () => {
  expect(metrics.map((text) => text.includes('veza_mails'))).toContain(true);
  expect(canaries.foundIn(metrics)).toEqual([]);
});

test('no problem document has one', () => {
  const problems = visitors.flatMap((one) => one.problems);
  expect(problems.length).toBeGreaterThan(10);
  expect(canaries.foundIn(problems)).toEqual([]);
});

test('nothing that operators are shown has one, but for where who acted came from', () => {
  expect(canaries.kindsIn(auditPage)).toEqual(['client']);
  expect(shown.length).toBeGreaterThan(10);
  expect(canaries.foundIn(shown)).toEqual([]);
});
