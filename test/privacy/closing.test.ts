import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { disableAccount, enableAccount, openSession } from '../../db/accounts/index.ts';
import { mails, type users } from '../../db/accounts/schema.ts';
import { products } from '../../db/catalog/schema.ts';
import { openPayout } from '../../db/payouts/open.ts';
import { closeAccount, undoDeletion } from '../../db/privacy/index.ts';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { billingTermsOf } from '../../domain/subscriptions/index.ts';
import { V1_ROUTES } from '../../api/routes.ts';
import { addSession, bearer, CONFIG, openApi, type ApiWorld } from '../harness/api.ts';
import { addAccount, ask, PASSWORD, refusal, signIn, withToken } from '../accounts/support.ts';
import { addAttempt, addInvoice, addSubscription } from '../subscriptions/rows.ts';

const GRACE_MS = CONFIG.DELETION_GRACE;
const terms = billingTermsOf(CONFIG);
const SYSTEM = { actor: 'system' };

let world: ApiWorld;
beforeAll(async () => {
  world = await openApi();
  await addAccount(world, { role: 'admin' });
});

type Headers = Record<string, string>;

async function signedIn(set: Partial<typeof users.$inferInsert> = {}) {
  const account = await addAccount(world, set);
  return { ...account, headers: withToken(await signIn(world, account)) };
}
const leave = (headers: Headers, body: object = { password: PASSWORD }) =>
  ask(world, 'DELETE', '/me', { headers, body });
const undo = (headers: Headers) => ask(world, 'POST', '/me/deletion/undo', { headers });
const close = (userId: string) =>
  world.database.db.transaction((tx) =>
    closeAccount(tx, SYSTEM, {
      ...{ userId, keepPublicTracks: false, requestedBy: 'system', graceMs: GRACE_MS, terms },
    }),
  );
const disable = (userId: string) => world.database.db.transaction((tx) => disableAccount(tx, userId, SYSTEM));
const statusOf = async (userId: string) =>
  (await world.database.sql`SELECT status, is_barred FROM users WHERE id = ${userId}`)[0];
const mailsOf = async (userId: string) =>
  (await world.database.db.select().from(mails))
    .filter((mail) => mail.userId === userId && mail.kind.startsWith('deletion'))
    .map(({ kind }) => kind);
const auditOf = async (userId: string) =>
  (
    await world.database.sql<{ action: string }[]>`
      SELECT action FROM audit_log WHERE subject = ${`account/${userId}`} AND action LIKE 'user.d%' ORDER BY id`
  ).map(({ action }) => action);
const addProduct = async (sellerId: string, active: boolean) => {
  const [made] = await world.database.db
    .insert(products)
    .values({ id: uuidv7(), sellerId, title: 'A beat', priceMinor: 100, currency: 'EUR', active })
    .returning();
  return made!.id;
};
const onSale = async (sellerId: string) =>
  (
    await world.database.sql<
      { id: string }[]
    >`SELECT id FROM products WHERE seller_id = ${sellerId} AND active`
  ).map(({ id }) => id);

describe('who leaves proves who they are', () => {
  test('a wrong password closes nothing', async () => {
    const { id, headers } = await signedIn();
    expect(refusal(await leave(headers, { password: 'another password of mine' }))).toEqual([
      401,
      'invalid_credentials',
    ]);
    expect(refusal(await leave(headers, {}))).toEqual([403, 'reauthentication_required']);
    expect(await statusOf(id)).toEqual({ status: 'active', is_barred: false });
  });

  test('where the second factor is on, a missing code closes nothing', async () => {
    const { id, headers } = await signedIn();
    await world.database.sql`
      INSERT INTO two_factors (user_id, secret, confirmed_at) VALUES (${id}, 'enc:1:tests:none', now())`;
    expect(refusal(await leave(headers))).toEqual([403, 'two_factor_required']);
    expect(await statusOf(id)).toEqual({ status: 'active', is_barred: false });
  });

  test('who has no password needs a sign-in of the last ten minutes', async () => {
    const { id, headers } = await signedIn();
    await world.database.sql`UPDATE users SET password_hash = NULL WHERE id = ${id}`;
    await world.database
      .sql`UPDATE sessions SET authenticated_at = now() - interval '11 min' WHERE user_id = ${id}`;
    expect(refusal(await leave(headers, {}))).toEqual([403, 'reauthentication_required']);
    await world.database.sql`UPDATE sessions SET authenticated_at = now() WHERE user_id = ${id}`;
    expect((await leave(headers, {})).status).toBe(202);
    expect(await statusOf(id)).toEqual({ status: 'closing', is_barred: false });
  });

  test('an API key closes nobody’s account', async () => {
    const { headers } = await signedIn();
    const made = await ask(world, 'POST', '/me/api-keys', {
      headers,
      body: { name: 'k', scopes: ['read', 'write'], password: PASSWORD },
    });
    expect(made.status, made.text).toBe(201);
    const key = { 'X-API-Key': String(made.body['key']) };
    expect(refusal(await leave(key))).toEqual([403, 'person_required']);
  });
});

describe('leaving', () => {
  test('all that is open ends at once, also by POST, and is the same again when repeated', async () => {
    const { id, email, headers } = await signedIn();
    const login = await signIn(world, { email });
    const made = await ask(world, 'POST', '/me/api-keys', {
      headers,
      body: { name: 'k', scopes: ['read'], password: PASSWORD },
    });
    const key = { 'X-API-Key': String(made.body['key']) };
    expect((await ask(world, 'GET', '/users/me', { headers: key })).status).toBe(200);
    await addProduct(id, true);
    const subscriptionId = await addSubscription(world.database, id, 'creator');
    const invoiceId = await addInvoice(world.database, subscriptionId);
    await addAttempt(world.database, invoiceId, { status: 'succeeded' });

    const left = await ask(world, 'POST', '/me/deletion', {
      headers,
      body: { password: PASSWORD, keep_public_tracks: true },
    });
    expect(left.status, left.text).toBe(202);
    const { deletion } = left.body as unknown as { deletion: Record<string, string> };
    expect(deletion).toMatchObject({ status: 'scheduled', keep_public_tracks: true, waits_for: [] });
    expect(Date.parse(deletion['final_at']!) - Date.parse(deletion['requested_at']!)).toBe(GRACE_MS);

    expect(refusal(await ask(world, 'GET', '/users/me', { headers }))).toEqual([401, 'session_ended']);
    expect(refusal(await ask(world, 'GET', '/users/me', { headers: key }))).toEqual([401, 'unauthenticated']);
    const refreshed = await ask(world, 'POST', '/auth/refresh', {
      body: { refresh_token: login.body.refresh_token },
    });
    expect(refusal(refreshed)).toEqual([401, 'session_ended']);
    expect(await onSale(id)).toEqual([]);
    const [subscription] = await world.database
      .sql`SELECT status FROM subscriptions WHERE id = ${subscriptionId}`;
    expect(subscription).toEqual({ status: 'canceling' });

    const again = withToken(await signIn(world, { email }));
    expect((await leave(again)).body['deletion']).toEqual(deletion);
    expect((await ask(world, 'GET', '/me/deletion', { headers: again })).body['deletion']).toEqual(deletion);
    expect(await mailsOf(id)).toEqual(['deletion_scheduled']);
    expect(await auditOf(id)).toEqual(['user.deletion_request']);
  });

  test('the last admin stays', async () => {
    const alone = await openApi();
    const admin = await addAccount(alone, { role: 'admin' });
    const headers = withToken(await signIn(alone, admin));
    const left = await ask(alone, 'DELETE', '/me', { headers, body: { password: PASSWORD } });
    expect(refusal(left)).toEqual([409, 'last_admin']);
    const other = await addAccount(alone, { role: 'admin' });
    expect((await ask(alone, 'DELETE', '/me', { headers, body: { password: PASSWORD } })).status).toBe(202);
    const otherHeaders = withToken(await signIn(alone, other));
    const both = await ask(alone, 'DELETE', '/me', { headers: otherHeaders, body: { password: PASSWORD } });
    expect(refusal(both)).toEqual([409, 'last_admin']);
  });
});

describe('staying after all', () => {
  test('what the closing hid comes back, and leaving again begins anew', async () => {
    const { id, email, headers } = await signedIn();
    const sold = await addProduct(id, true);
    await addProduct(id, false);
    expect((await leave(headers)).status).toBe(202);
    const closing = withToken(await signIn(world, { email }));
    const undone = await undo(closing);
    expect(undone.status, undone.text).toBe(200);
    expect(undone.body['deletion']).toMatchObject({ status: 'undone' });
    expect(await onSale(id)).toEqual([sold]);
    expect(await statusOf(id)).toEqual({ status: 'active', is_barred: false });
    expect((await undo(closing)).body['deletion']).toEqual(undone.body['deletion']);
    expect((await ask(world, 'GET', '/marketplace/products', { headers: closing })).status).toBe(200);
    expect((await leave(closing)).body['deletion']).toMatchObject({ status: 'scheduled' });
    expect((await mailsOf(id)).toSorted()).toEqual([
      'deletion_scheduled',
      'deletion_scheduled',
      'deletion_undone',
    ]);
    expect(await auditOf(id)).toEqual([
      'user.deletion_request',
      'user.deletion_undo',
      'user.deletion_request',
    ]);
  });

  test('whoever never left has nothing to take back, and once the erasing has begun nobody has', async () => {
    const { id, email, headers } = await signedIn();
    expect(refusal(await undo(headers))).toEqual([404, 'deletion_not_found']);
    expect(refusal(await ask(world, 'GET', '/me/deletion', { headers }))).toEqual([
      404,
      'deletion_not_found',
    ]);
    await close(id);
    const closing = withToken(await signIn(world, { email }));
    await world.database.sql`UPDATE account_deletions SET status = 'erasing' WHERE user_id = ${id}`;
    expect(refusal(await undo(closing))).toEqual([409, 'deletion_final']);
    await world.database.sql`UPDATE users SET status = 'erasing' WHERE id = ${id}`;
    expect(refusal(await undo(closing))).toEqual([401, 'unauthenticated']);
    await expect(close(id)).rejects.toMatchObject({ code: 'account_closing' });
  });
});

describe('what a closing session may do', () => {
  /** What stands beside its own reading, and is said nowhere else. */
  const MORE = [
    'POST /sellers/me/payouts',
    'POST /sellers/me/stripe-account',
    'POST /sellers/me/stripe-account/link',
    'POST /auth/logout',
    'DELETE /me',
    'POST /me/deletion',
    'POST /me/deletion/undo',
  ];
  const routes = V1_ROUTES.map(({ route }) => ({
    name: `${route.method.toUpperCase()} ${route.path}`,
    method: route.method.toUpperCase(),
    path: route.path.replaceAll(/\{\w+\}/g, () => uuidv7()),
    isOpen: 'x-while-leaving' in route,
    isSignedIn: route.security.length > 0,
    isAdmins: 'x-roles' in route,
  }));

  test('it reads what is its own, gets its money out, and may stay; no list of others is open', () => {
    const open = routes.filter(({ isOpen }) => isOpen);
    expect(open.filter(({ isAdmins, isSignedIn }) => isAdmins || !isSignedIn)).toEqual([]);
    const exports = open.filter(({ name }) => name.includes('/me/export'));
    const writes = open.filter(({ method }) => method !== 'GET').map(({ name }) => name);
    expect(writes.toSorted()).toEqual(
      [...MORE, ...exports.filter(({ method }) => method !== 'GET').map(({ name }) => name)].toSorted(),
    );
  });

  test('every other route refuses it with account_closing, and says until when it may stay', async () => {
    const { email, headers } = await signedIn();
    const left = await leave(headers);
    const { final_at: finalAt } = left.body['deletion'] as { final_at: string };
    const closing = withToken(await signIn(world, { email }));
    const refused: string[] = [];
    for (const { name, method, path, isOpen, isSignedIn } of routes) {
      if (!isSignedIn || name === 'DELETE /me' || path === '/me/deletion/undo' || path === '/auth/logout')
        continue;
      const answer = await ask(world, method, path, { headers: closing });
      const isRefused = answer.body.code === 'account_closing';
      expect([name, isRefused], answer.text).toEqual([name, !isOpen]);
      if (isRefused) refused.push(String(answer.body['final_at']));
    }
    expect(new Set(refused)).toEqual(new Set([finalAt]));
  });

  test('it sees its balance, and cannot buy or sell', async () => {
    const { email, headers } = await signedIn({ role: 'artist' });
    await leave(headers);
    const closing = withToken(await signIn(world, { email }));
    expect((await ask(world, 'GET', '/sellers/me/balance', { headers: closing })).status).toBe(200);
    const body = { title: 'A beat', price: 100, currency: 'EUR' };
    expect(refusal(await ask(world, 'POST', '/marketplace/products', { headers: closing, body }))).toEqual([
      403,
      'account_closing',
    ]);
  });
});

describe('an admin shuts an account that is being left', () => {
  test('who left first is barred, and gets no payout that they asked for before', async () => {
    const { id, email, headers } = await signedIn({ role: 'artist' });
    await world.database.db
      .insert(sellerBalances)
      .values({ sellerId: id, currency: 'EUR', availableMinor: 5_000 });
    await world.database.sql`
      INSERT INTO seller_accounts (user_id, stripe_account_id, payouts_enabled)
      VALUES (${id}, ${`acct_${id}`}, true)`;
    await leave(headers);
    const closing = withToken(await signIn(world, { email }));
    await disable(id);
    expect(await statusOf(id)).toEqual({ status: 'closing', is_barred: true });
    expect(refusal(await ask(world, 'GET', '/users/me', { headers: closing }))).toEqual([
      401,
      'session_ended',
    ]);
    expect(refusal(await signIn(world, { email }))).toEqual([403, 'account_disabled']);
    const { session } = await openSession(world.database.db, {
      ...{ userId: id, kind: 'token', amr: ['pwd'], ttlMs: 60_000 },
    });
    const other = await bearer({ sub: id, sid: session.id });
    expect(refusal(await ask(world, 'GET', '/users/me', { headers: other }))).toEqual([
      403,
      'account_disabled',
    ]);
    const opened = await openPayout(
      world.database.db,
      { payoutId: uuidv7(), ask: { sellerId: id } },
      { minimumMinor: 1 },
    );
    expect(opened).toMatchObject({ refused: { code: 'account_disabled' } });
    await world.database.db.transaction((tx) => enableAccount(tx, id, SYSTEM));
    expect((await signIn(world, { email })).status).toBe(200);
  });

  test('who was disabled first stays barred while they leave, and is disabled when that is taken back', async () => {
    const { id, email } = await signedIn();
    await disable(id);
    await close(id);
    expect(refusal(await signIn(world, { email }))).toEqual([403, 'account_disabled']);
    await world.database.db.transaction((tx) => undoDeletion(tx, SYSTEM, { userId: id, terms }));
    expect(await statusOf(id)).toEqual({ status: 'disabled', is_barred: false });
  });
});

describe('with an identity provider', () => {
  test('its tokens leave, when they are fresh or do not say, and are held to the same', async () => {
    const external = await openApi({
      config: { ...CONFIG, IDENTITY: 'external', JWT_PROVISION_USERS: true },
    });
    const { id } = await addAccount(external, { passwordHash: null });
    const tokenOf = (claims: object) => bearer({ sub: id, sid: null, ...claims });
    const nowS = Math.floor(Date.now() / 1000);
    const call = async (method: string, path: string, claims: object, body?: object) =>
      ask(external, method, path, { headers: await tokenOf(claims), body });
    expect(refusal(await call('DELETE', '/me', { authTimeS: nowS - 601 }, {}))).toEqual([
      403,
      'reauthentication_required',
    ]);
    expect((await call('DELETE', '/me', { authTimeS: nowS - 30 }, {})).status).toBe(202);
    expect(refusal(await call('GET', '/marketplace/products', {}))).toEqual([403, 'account_closing']);
    expect((await call('GET', '/users/me', {})).status).toBe(200);
    expect((await call('POST', '/me/deletion/undo', {})).status).toBe(200);
    expect((await call('DELETE', '/me', {}, {})).status).toBe(202);
    await external.database.sql`UPDATE users SET status = 'erased' WHERE id = ${id}`;
    expect(refusal(await call('GET', '/users/me', {}))).toEqual([401, 'unauthenticated']);
    await addSession(external.database, id);
    expect(await external.database.sql`SELECT status FROM users WHERE id = ${id}`).toEqual([
      { status: 'erased' },
    ]);
  });
});
