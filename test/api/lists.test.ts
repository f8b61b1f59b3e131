import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { beforeAll, describe, expect, test } from 'vitest';
import { opsFlags } from '../../db/kernel/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import { addOrder, addProduct, addUser, bearer, bodyOf, openApi, type ApiWorld } from '../harness/api.ts';

let world: ApiWorld;
let buyerId: string;
let sellerId: string;
let productId: string;
let admin: string;
beforeAll(async () => {
  world = await openApi();
  buyerId = await addUser(world.database);
  sellerId = await addUser(world.database, 'artist');
  productId = await addProduct(world.database, sellerId);
  admin = await addUser(world.database, 'admin');
});

const get = async (path: string, sub: string) =>
  world.app.request(`/api/v1${path}`, { headers: await bearer({ sub }) });

interface List {
  data: { id: string; status?: string }[];
  next_cursor: string | null;
}
const list = async (path: string, sub: string) => (await (await get(path, sub)).json()) as List;

describe('pages', () => {
  test('go through all rows once, in both directions, also where times are equal', async () => {
    const sub = await addUser(world.database);
    const sameTime = new Date();
    const made: string[] = [];
    for (let count = 0; count < 7; count++) {
      const set = count < 4 ? { createdAt: sameTime } : {};
      made.push((await addOrder(world.database, { buyerId: sub, sellerId, productId }, set)).orderId);
    }
    for (const sort of ['', '&sort=created_at', '&sort=nonsense']) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: List = await list(
          `/marketplace/orders?limit=3${sort}${cursor ? `&cursor=${cursor}` : ''}`,
          sub,
        );
        seen.push(...page.data.map((row) => row.id));
        cursor = page.next_cursor;
      } while (cursor !== null);
      expect(seen).toHaveLength(7);
      expect(new Set(seen)).toEqual(new Set(made));
      const newestFirst = (await list('/marketplace/orders', sub)).data.map((row) => row.id);
      expect(seen).toEqual(sort === '&sort=created_at' ? newestFirst.toReversed() : newestFirst);
    }
  });

  test('go on by a cursor that says nothing, and is good for its list and its caller alone', async () => {
    const [sub, other] = [await addUser(world.database), await addUser(world.database)];
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      ids.push((await addOrder(world.database, { buyerId: sub, sellerId, productId })).orderId);
      await addOrder(world.database, { buyerId: other, sellerId, productId });
    }
    const first = await list('/marketplace/orders?limit=1', sub);
    const cursor = first.next_cursor!;
    const bytes = Buffer.from(cursor, 'base64url');
    for (const id of ids) {
      expect(bytes.includes(Buffer.from(id.replaceAll('-', ''), 'hex'))).toBe(false);
      expect(bytes.toString('latin1')).not.toContain(id);
    }
    // The same page has the same cursor.
    expect((await list('/marketplace/orders?limit=1', sub)).next_cursor).toBe(cursor);
    expect((await list(`/marketplace/orders?limit=1&cursor=${cursor}`, sub)).data[0]!.id).toBe(ids[1]);

    const refused = async (path: string, caller: string) => {
      const response = await get(path, caller);
      expect(response.status, path).toBe(422);
      expect(await bodyOf(response)).toMatchObject({
        code: 'validation_failed',
        errors: [{ field: 'cursor', in: 'query' }],
      });
    };
    await refused(`/marketplace/orders?cursor=${cursor}`, other);
    await refused(`/marketplace/products?cursor=${cursor}`, sub);
    const changed = Buffer.from(bytes);
    changed[20]! ^= 1;
    for (const made of [
      changed.toString('base64url'),
      cursor.slice(0, -1),
      `${cursor}A`,
      '',
      Buffer.from(`after:${ids[0]}`).toString('base64url'),
      'A'.repeat(10_000),
    ]) {
      await refused(`/marketplace/orders?cursor=${made}`, sub);
    }
  });

  test('hold 100 rows at most', async () => {
    const artist = await addUser(world.database, 'artist');
    for (let count = 0; count < 101; count++) await addProduct(world.database, artist);
    const page = await list(`/marketplace/products?limit=100000&seller_id=${artist}`, buyerId);
    expect(page.data).toHaveLength(100);
    expect(page.next_cursor).not.toBeNull();
  });

  test('of what is stuck, too: more than 100 is 100, not a refusal', async () => {
    const response = await get('/admin/stuck?limit=100000', admin);
    expect(response.status).toBe(200);
  });

  test('inactive products are not for sale', async () => {
    const artist = await addUser(world.database, 'artist');
    await addProduct(world.database, artist, { active: false });
    expect((await list(`/marketplace/products?seller_id=${artist}`, buyerId)).data).toEqual([]);
  });
});

describe('an order', () => {
  test('is shown in full to its buyer, with the secret of the payment', async () => {
    const { orderId, itemId } = await addOrder(world.database, { buyerId, sellerId, productId });
    const response = await get(`/marketplace/orders/${orderId}`, buyerId);
    expect(await bodyOf(response)).toEqual({
      order: {
        id: orderId,
        status: 'completed',
        amount: 2500,
        refunded_amount: 0,
        currency: 'EUR',
        items: [{ id: itemId, product_id: productId, seller_id: sellerId, amount: 2500 }],
        payment_id: orderId,
        failure_reason: null,
        refund_deadline: null,
        completed_at: expect.any(String),
        created_at: expect.any(String),
        payment: { payment_id: orderId, client_secret: `${orderId}_secret_x`, status: 'succeeded' },
        licenses: [
          {
            id: expect.any(String),
            order_item_id: itemId,
            product_id: productId,
            revoked_at: null,
            created_at: expect.any(String),
          },
        ],
      },
    });
  });

  test('whose payment is unanswered has none', async () => {
    const { orderId } = await addOrder(
      world.database,
      { buyerId, sellerId, productId },
      { paymentStatus: null },
    );
    const response = await get(`/marketplace/orders/${orderId}`, buyerId);
    expect(await bodyOf(response)).toMatchObject({ order: { payment: null } });
  });

  test('is known to its seller, an admin and a moderator, without the secret', async () => {
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId });
    for (const sub of [sellerId, admin, await addUser(world.database, 'moderator')]) {
      const response = await get(`/marketplace/orders/${orderId}`, sub);
      expect(response.status).toBe(200);
      expect(await response.text()).not.toContain('_secret_');
    }
  });

  test('does not exist for others, nor do its refunds', async () => {
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId });
    const [refund] = await world.database.db
      .insert(refunds)
      .values({ id: uuidv7(), orderId, amountMinor: 100, currency: 'EUR', status: 'failed' })
      .returning();
    const stranger = await addUser(world.database);
    for (const [path, code] of [
      [`/marketplace/orders/${orderId}`, 'order_not_found'],
      [`/marketplace/orders/${orderId}/refunds`, 'order_not_found'],
      [`/marketplace/refunds/${refund?.id}`, 'refund_not_found'],
    ] as const) {
      expect((await get(path, buyerId)).status).toBe(200);
      const response = await get(path, stranger);
      expect(response.status).toBe(404);
      expect(await bodyOf(response)).toMatchObject({ code });
    }
    const { app } = world;
    const refused = await app.request(`/api/v1/marketplace/orders/${orderId}/refund`, {
      method: 'POST',
      headers: await bearer({ sub: stranger }),
    });
    expect(refused.status).toBe(404);
  });

  test('lists are the caller’s own; an admin sees all', async () => {
    const sub = await addUser(world.database);
    const { orderId } = await addOrder(world.database, { buyerId: sub, sellerId, productId });
    expect((await list('/marketplace/orders', sub)).data.map((row) => row.id)).toEqual([orderId]);
    expect((await list('/marketplace/orders', sellerId)).data).toEqual([]);
    const all = await list('/marketplace/orders?limit=100', admin);
    expect(all.data.map((row) => row.id)).toContain(orderId);
    expect(all.data.length).toBeGreaterThan(1);
  });
});

describe('cheap refusals of a refund, before a workflow is started', () => {
  const refund = async (orderId: string, body?: unknown, sub = buyerId) =>
    world.app.request(`/api/v1/marketplace/orders/${orderId}/refund`, {
      method: 'POST',
      headers: {
        ...(await bearer({ sub })),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const long = new Date(Date.now() - 1000);

  test.each<[string, Partial<typeof orders.$inferInsert>, unknown, string]>([
    [
      'not completed',
      { status: 'pending', capturedMinor: null, capturedCurrency: null },
      {},
      'order_not_refundable',
    ],
    ['a refund open', { status: 'refund_pending' }, {}, 'refund_already_requested'],
    ['no payment', { paymentId: null }, {}, 'order_has_no_payment'],
    ['window over', { refundDeadline: long }, undefined, 'refund_window_expired'],
    ['amount zero', {}, { amount: 0 }, 'refund_amount_invalid'],
    ['amount a string', {}, { amount: '100' }, 'refund_amount_invalid'],
    ['amount above what is left', {}, { amount: 2501 }, 'refund_amount_invalid'],
    ['amount not whole', {}, { amount: 1.5 }, 'refund_amount_invalid'],
  ])('%s', async (_, set, body, code) => {
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId }, set);
    const response = await refund(orderId, body);
    expect(response.status).toBe(400);
    expect(await bodyOf(response)).toMatchObject({ code });
    const [order] = await world.database.db.select().from(orders).where(eq(orders.id, orderId));
    expect(order?.status).toBe(set.status ?? 'completed');
  });

  test('a moderator sees the order and may not refund it: 403', async () => {
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId });
    const response = await world.app.request(`/api/v1/marketplace/orders/${orderId}/refund`, {
      method: 'POST',
      headers: await bearer({ sub: await addUser(world.database, 'moderator') }),
    });
    expect(response.status).toBe(403);
    expect(await bodyOf(response)).toMatchObject({ code: 'refund_forbidden' });
  });

  test('says how much is left', async () => {
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId });
    expect(await bodyOf(await refund(orderId, { amount: 9999 }))).toMatchObject({ left_amount: 2500 });
  });

  test('a misspelt field is named, not taken for a full refund', async () => {
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId });
    const response = await refund(orderId, { amout: 100 });
    expect(response.status).toBe(422);
    expect(await bodyOf(response)).toMatchObject({ errors: [{ field: 'amout', in: 'body' }] });
  });
});

describe('cheap refusals of an order', () => {
  const order = async (productIds: string[]) =>
    world.app.request('/api/v1/marketplace/orders', {
      method: 'POST',
      headers: { ...(await bearer({ sub: buyerId })), 'Content-Type': 'application/json' },
      body: JSON.stringify({ items: productIds.map((id) => ({ product_id: id })) }),
    });

  test('unknown, inactive, of two currencies, too dear', async () => {
    const unknown = await order([productId, uuidv7()]);
    expect(unknown.status).toBe(404);
    expect(await bodyOf(unknown)).toMatchObject({ code: 'product_not_found' });

    const inactive = await order([await addProduct(world.database, sellerId, { active: false })]);
    expect(inactive.status).toBe(400);
    expect(await bodyOf(inactive)).toMatchObject({ code: 'product_inactive' });

    const mixed = await order([productId, await addProduct(world.database, sellerId, { currency: 'USD' })]);
    expect(mixed.status).toBe(400);
    expect(await bodyOf(mixed)).toMatchObject({ code: 'mixed_currencies' });

    const dear = await order([
      productId,
      await addProduct(world.database, sellerId, { priceMinor: Number.MAX_SAFE_INTEGER }),
    ]);
    expect(dear.status).toBe(422);
    expect(await bodyOf(dear)).toMatchObject({ code: 'amount_too_large' });
  });
});

describe('a product', () => {
  test.each([...(['creator', 'premium', 'moderator', 'admin', 'artist', 'producer', 'label'] as const)])(
    'may be put up for sale by a %s',
    async (role) => {
      const response = await sell(role);
      expect(response.status).toBe(201);
      expect(await bodyOf(response)).toMatchObject({ product: { title: 'Night Drive', amount: 2500 } });
    },
  );

  test('and by no plain user', async () => {
    const response = await sell('user');
    expect(response.status).toBe(403);
    expect(await bodyOf(response)).toMatchObject({ code: 'forbidden' });
  });

  const sell = async (role: Role) =>
    world.app.request('/api/v1/marketplace/products', {
      method: 'POST',
      headers: {
        ...(await bearer({ sub: await addUser(world.database, role) })),
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ title: 'Night Drive', amount: 2500, currency: 'EUR' }),
    });
});

describe('operations', () => {
  test('transfers and reversals by status and order, in the shape of the platform page', async () => {
    const { db } = world.database;
    const { orderId } = await addOrder(world.database, { buyerId, sellerId, productId });
    const transferId = uuidv7();
    await db.insert(sellerTransfers).values({
      id: transferId,
      orderId,
      sellerId,
      amountMinor: 2250,
      currency: 'EUR',
      status: 'failed',
      retryCount: 2,
      nextRetryAt: new Date(),
      errorMessage: 'Stripe answered 503',
    });
    const reversalId = uuidv7();
    await db
      .insert(transferReversals)
      .values({ id: reversalId, transferId, amountMinor: 100, nextRetryAt: new Date() });

    const transfers = await list(`/admin/transfers?status=failed&order_id=${orderId}`, admin);
    expect(transfers.data).toEqual([
      {
        id: transferId,
        order_id: orderId,
        seller_id: sellerId,
        status: 'failed',
        amount: 2250,
        reversed_amount: 0,
        currency: 'EUR',
        stripe_transfer_id: null,
        retry_count: 2,
        next_retry_at: expect.any(String),
        error_message: 'Stripe answered 503',
        idempotency_key: null,
        waiting_for: null,
        retry_of: null,
        completed_at: null,
        created_at: expect.any(String),
      },
    ]);
    expect((await list(`/admin/transfers?status=completed&order_id=${orderId}`, admin)).data).toEqual([]);

    const reversals = await list(`/admin/reversals?status=pending&order_id=${orderId}`, admin);
    expect(reversals.data).toMatchObject([
      {
        id: reversalId,
        transfer_id: transferId,
        refund_id: null,
        order_id: orderId,
        amount: 100,
        currency: 'EUR',
      },
    ]);
    expect((await list(`/admin/reversals?order_id=${uuidv7()}`, admin)).data).toEqual([]);

    const wrong = await get('/admin/transfers?status=lost', admin);
    expect(wrong.status).toBe(422);
    expect(await bodyOf(wrong)).toMatchObject({ errors: [{ field: 'status', in: 'query' }] });
  });

  test('webhooks by outcome, personal data masked', async () => {
    await world.database.db.insert(webhookEvents).values({
      id: uuidv7(),
      provider: 'hyperswitch',
      eventId: 'evt_1',
      type: 'payment_succeeded',
      outcome: 'unmatched',
      body: JSON.stringify({ payment_id: 'pay_1', email: 'someone@people.example', amount: 5 }),
    });
    const response = await get('/admin/webhooks?outcome=unmatched', admin);
    expect(await bodyOf(response)).toMatchObject({
      data: [
        { event_id: 'evt_1', outcome: 'unmatched', body: { payment_id: 'pay_1', email: '***', amount: 5 } },
      ],
    });
    expect((await list('/admin/webhooks?outcome=signalled', admin)).data).toEqual([]);
  });

  test('flags that nobody has dealt with', async () => {
    await world.database.db.insert(opsFlags).values([
      { id: uuidv7(), kind: 'late_payment', subject: 'order/1', detail: 'open' },
      { id: uuidv7(), kind: 'late_payment', subject: 'order/2', detail: 'done', clearedAt: new Date() },
    ]);
    expect((await list('/admin/flags', admin)).data).toMatchObject([{ subject: 'order/1', detail: 'open' }]);
  });

  test.each(['transfers', 'reversals'])('a retry among %s that do not exist: 404', async (what) => {
    const response = await world.app.request(`/api/v1/admin/${what}/${uuidv7()}/retry`, {
      method: 'POST',
      headers: await bearer({ sub: admin }),
    });
    expect(response.status).toBe(404);
    expect(await bodyOf(response)).toMatchObject({ code: `${what.slice(0, -1)}_not_found` });
  });
});

test('a seller’s balance, one a currency', async () => {
  const seller = await addUser(world.database, 'artist');
  await world.database.db.insert(sellerBalances).values({
    sellerId: seller,
    currency: 'EUR',
    pendingMinor: 1,
    availableMinor: 2,
    payingOutMinor: 3,
    owedMinor: 4,
    feesOwedMinor: 5,
  });
  expect(await bodyOf(await get('/sellers/me/balance', seller))).toEqual({
    balances: [{ currency: 'EUR', pending: 1, rest: 0, available: 2, paying_out: 3, owed: 4, fees_owed: 5 }],
  });
  expect(await bodyOf(await get('/sellers/me/balance', buyerId))).toEqual({ balances: [] });
});
