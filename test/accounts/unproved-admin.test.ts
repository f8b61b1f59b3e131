import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { RefundFeed } from '../../api/marketplace/refund-feed.ts';
import { openSession } from '../../db/accounts/index.ts';
import { forgetSecondFactor } from '../../db/accounts/sessions/step-up.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import type { AuthenticationMethod } from '../../domain/accounts/index.ts';
import { createLogger } from '../../log.ts';
import { addOrder, addProduct, addUser, bearer, CONFIG, openApi, type ApiWorld } from '../harness/api.ts';
import { addAccount, ask, refusal, signIn, withToken } from './support.ts';

// An admin who signed in by a password alone is an ordinary user, on every path.

let world: ApiWorld;
let lax: ApiWorld;
let orderId: string;
let refundId: string;
beforeAll(async () => {
  world = await openApi();
  const config = { ...CONFIG, TWO_FACTOR_FOR_ADMINS: false };
  lax = await openApi({ databaseUrl: world.databaseUrl, config });
  const [buyerId, sellerId] = [await addUser(world.database), await addUser(world.database, 'creator')];
  const productId = await addProduct(world.database, sellerId);
  ({ orderId } = await addOrder(world.database, { buyerId, sellerId, productId }));
  refundId = uuidv7();
  const amount = { amountMinor: 2500, currency: 'EUR', status: 'pending' } as const;
  await world.database.db.insert(refunds).values({ id: refundId, orderId, requestedBy: buyerId, ...amount });
});

const unproved = async () => withToken(await signIn(world, await addAccount(world, { role: 'admin' })));
const proved = async () => bearer({ sub: await addUser(world.database, 'admin') });

type Headers = Record<string, string>;
const listed = async (headers: Headers, on = world) =>
  (await ask(on, 'GET', '/marketplace/orders', { headers })).body.data.map(({ id }) => id);
const refund = (headers: Headers, on = world) =>
  ask(on, 'POST', `/marketplace/orders/${orderId}/refund`, { headers, body: { reason: 'it was asked for' } });
const seen = async (headers: Headers, on = world) =>
  (await ask(on, 'GET', `/marketplace/refunds/${refundId}`, { headers })).status;
const decoded = async (headers: Headers, on = world) => {
  const response = await on.app.request('/ops/codec/decode', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: '{"payloads":[]}',
  });
  const { code } = (await response.json()) as { readonly code?: string };
  return [response.status, code];
};

describe('an admin whose session no second factor proved', () => {
  test('sees of the orders their own alone', async () => {
    expect(await listed(await unproved())).toEqual([]);
    expect(await listed(await proved())).toEqual([orderId]);
  });

  test('refunds nobody else’s order', async () => {
    expect(refusal(await refund(await unproved()))).toEqual([404, 'order_not_found']);
    expect(refusal(await refund(await proved()))).not.toEqual([404, 'order_not_found']);
  });

  test('sees nobody else’s refund', async () => {
    expect(await seen(await unproved())).toBe(404);
    expect(await seen(await proved())).toBe(200);
  });

  test('decodes nothing of Temporal’s', async () => {
    expect(await decoded(await unproved())).toEqual([403, 'two_factor_required']);
    expect(await decoded(await proved())).toEqual([200, undefined]);
  });

  test('keeps the stream of their own refund, where others’ end that have no standing', async () => {
    const feed = new RefundFeed(
      { db: world.database.db, log: createLogger('silent') },
      { pollMs: 10, standingMs: 0 },
    );
    const { id: userId } = await addAccount(world, { role: 'admin' });
    const opener = { role: 'user', key: null, sessionId: null, isProved: false, endsAt: null } as const;
    const of = { ...opener, refundId, afterId: 0, missed: [] };
    const kept = feed.open({ ...of, userId, isUnprovedAdmin: true });
    const ended = feed.open({ ...of, userId, isUnprovedAdmin: false });
    expect(await new Response(ended).text()).not.toContain('event:');
    expect(feed.size).toBe(1);
    await feed.close();
    await kept.cancel();
  });

  test('loses the stream of an admin once the second factor is off', async () => {
    const feed = new RefundFeed(
      { db: world.database.db, log: createLogger('silent') },
      { pollMs: 10, standingMs: 0 },
    );
    const { id: userId } = await addAccount(world, { role: 'admin' });
    const asked = { userId, kind: 'token', ttlMs: 600_000 } as const;
    const open = async (amr: readonly AuthenticationMethod[]) => {
      const { session } = await openSession(world.database.db, { ...asked, amr });
      const opener = { userId, role: 'admin', key: null, isUnprovedAdmin: false, endsAt: null } as const;
      const isProved = amr.includes('otp');
      const of = { ...opener, sessionId: session.id, isProved, refundId, afterId: 0, missed: [] };
      return { sessionId: session.id, stream: feed.open(of) };
    };
    // Where TWO_FACTOR_FOR_ADMINS is false nobody was asked for one, and nothing changes.
    const [lost, kept] = [await open(['pwd', 'otp']), await open(['pwd'])];
    await world.database.db.transaction((tx) => forgetSecondFactor(tx, lost.sessionId));
    expect(await new Response(lost.stream).text()).not.toContain('event:');
    expect(feed.size).toBe(1);
    await feed.close();
    await kept.stream.cancel();
  });

  test('learns at the routes of admins what is missing, and others that it is not for them', async () => {
    const headers = await unproved();
    expect(refusal(await ask(world, 'GET', '/admin/flags', { headers }))).toEqual([
      403,
      'two_factor_required',
    ]);
    const user = withToken(await signIn(world, await addAccount(world)));
    expect(refusal(await ask(world, 'GET', '/admin/flags', { headers: user }))).toEqual([403, 'forbidden']);
  });

  test('is an admin all the same where TWO_FACTOR_FOR_ADMINS is false', async () => {
    const headers = await unproved();
    expect(await listed(headers, lax)).toEqual([orderId]);
    expect(await seen(headers, lax)).toBe(200);
    expect(await decoded(headers, lax)).toEqual([200, undefined]);
  });
});
