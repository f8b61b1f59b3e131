import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { products } from '../../db/catalog/schema.ts';
import { keepAsk } from '../../db/kernel/keep-ask.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { workflowStatus } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

describe('a purchase that cannot be, or not yet', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const order = (productIds: readonly string[], headers: Record<string, string> = {}) =>
    world.post(
      people.buyer,
      '/marketplace/orders',
      { items: productIds.map((productId) => ({ product_id: productId })) },
      headers,
    );
  const orderCount = async () => (await world.database.db.select({ id: orders.id }).from(orders)).length;
  const addProduct = async (set: Partial<typeof products.$inferInsert>) => {
    const id = uuidv7();
    await world.database.db.insert(products).values({
      id,
      sellerId: people.ada.id,
      title: 'Test pressing',
      priceMinor: 1_000,
      currency: 'EUR',
      ...set,
    });
    return id;
  };

  /** Refused before a workflow is started, and by the workflow's own look; nothing is written by either. */
  async function expectRefused(productIds: readonly string[], status: number, code: string) {
    const before = await orderCount();
    const asked = world.psp.control.requests('payments.create').length;
    const answer = await order(productIds);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    const orderId = uuidv7();
    await keepAsk(world.database.db, orderId, { kind: 'order', buyerId: people.buyer.id, productIds });
    const placing = await world.engine.placeOrder({ orderId }, { amountMinor: 1, currency: 'EUR' });
    expect(placing).toMatchObject({ refused: { code } });
    // A worker that was lost after its commit makes another one decide again.
    await world.finished(`order/${orderId}`);
    expect(await world.engine.placeOrder({ orderId }, { amountMinor: 1, currency: 'EUR' })).toEqual(placing);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: code });
    expect(await workflowStatus(world, `order/${orderId}`)).toBe('COMPLETED');
    expect(await orderCount()).toBe(before);
    expect(world.psp.control.requests('payments.create')).toHaveLength(asked);
  }

  it('product_not_found 404', () =>
    expectRefused([people.products[0]!.id, uuidv7()], 404, 'product_not_found'));

  it('product_inactive 400', async () => {
    await expectRefused([await addProduct({ active: false })], 400, 'product_inactive');
  });

  it('mixed_currencies 400', async () => {
    await expectRefused(
      [people.products[0]!.id, await addProduct({ currency: 'USD' })],
      400,
      'mixed_currencies',
    );
  });

  it('no product twice in one order 422, naming the field', async () => {
    const [a, b] = [people.products[0]!.id, people.products[1]!.id];
    const before = await orderCount();
    // The same id in another case is the same product.
    const answer = await order([a, b, a.toUpperCase()]);
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors: [{ field: 'items.2.product_id', in: 'body' }],
    });
    const orderId = uuidv7();
    const ask = { kind: 'order', buyerId: people.buyer.id, productIds: [a, b, a] } as const;
    await keepAsk(world.database.db, orderId, ask);
    const placing = await world.engine.placeOrder({ orderId }, { amountMinor: 1, currency: 'EUR' });
    expect(placing).toMatchObject({ refused: { code: 'validation_failed' } });
    expect(await orderCount()).toBe(before);
  });

  it('at most 100 items 422', async () => {
    const answer = await order(Array.from({ length: 101 }, () => uuidv7()));
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors: [{ field: 'items', in: 'body' }],
    });
  });

  it('order_empty 422', () => expectRefused([], 422, 'order_empty'));

  it('a malformed body is refused with each field at fault, and nothing is started', async () => {
    const before = await orderCount();
    for (const [body, field] of [
      [{ items: [{ product_id: 'x' }] }, 'items.0.product_id'],
      [{ items: [{ product_id: uuidv7(), price: 1 }] }, 'items.0'],
      [{ items: 'all' }, 'items'],
      [{}, 'items'],
    ] as const) {
      const answer = await world.post(people.buyer, '/marketplace/orders', body);
      expect(answer.body).toMatchObject({ status: 422, code: 'validation_failed' });
      expect(JSON.stringify(answer.body['errors'])).toContain(field);
    }
    expect(await orderCount()).toBe(before);
  });

  it('provider_refused 402 with the PSP’s message', async () => {
    const message = 'amount contains invalid data';
    const error = { type: 'invalid_request', message, code: 'IR_05' };
    world.psp.control.addFault({
      kind: 'status',
      status: 422,
      match: 'payments.create',
      body: { error },
    });
    const headers = { 'idempotency-key': uuidv7() };
    const answer = await order([people.products[0]!.id], headers);
    expect(answer.body).toMatchObject({ status: 402, code: 'provider_refused', detail: message });
    const [row] = await world.database.db.select().from(orders).where(eq(orders.failureReason, message));
    expect(row).toMatchObject({ status: 'failed', capturedMinor: null });
    expect(await world.finished(`order/${row!.id}`)).toEqual({ status: 'failed' });
    const again = await order([people.products[0]!.id], headers);
    expect(again.body).toMatchObject({ status: 402, code: 'provider_refused', detail: message });
  });

  it('a payment refused because an attempt that nobody remembers made it: adopted', async () => {
    // Acted and lost, and the look-up after it as well: the second create meets HE_01.
    world.psp.control.addFault({ kind: 'dropAfter', match: 'payments.create' });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'payments.retrieve' });
    const answer = await order([people.products[0]!.id]);
    expect(answer.status).toBe(201);
    const orderId: string = answer.body['order']!['id']!;
    const creates = world.psp.control
      .requests('payments.create')
      .filter((request) => (request.body as { payment_id?: string }).payment_id === orderId);
    expect(creates.map((request) => request.status)).toEqual([200, 400]);
    expect(answer.body['payment']).toMatchObject({
      payment_id: orderId,
      client_secret: world.psp.control.payment(orderId).client_secret,
    });
  });

  it('a payment that exists by one answer of the PSP and not by another: asked again, never refused', async () => {
    world.psp.control.addFault({ kind: 'dropAfter', match: 'payments.create' });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'payments.retrieve' });
    const error = {
      type: 'invalid_request',
      message: 'Payment does not exist in our records',
      code: 'HE_02',
    };
    world.psp.control.addFault({ kind: 'status', status: 404, match: 'payments.retrieve', body: { error } });
    const answer = await order([people.products[0]!.id]);
    expect(answer.status).toBe(201);
    const orderId: string = answer.body['order']!['id']!;
    expect(await world.order(orderId)).toMatchObject({ status: 'pending', failureReason: null });
    expect(answer.body['payment']).toMatchObject({ payment_id: orderId });
  });

  it('PSP slow: 202 with payment null, then GET shows the payment', async () => {
    world.psp.control.addFault({ kind: 'latency', match: 'payments.create', delayMs: 6_000 });
    const headers = { 'idempotency-key': uuidv7() };
    const answer = await order([people.products[0]!.id], headers);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ order: { status: 'pending' }, payment: null });
    const orderId: string = answer.body['order']!['id']!;
    const path = `/marketplace/orders/${orderId}` as const;
    expect((await world.get(people.buyer, path)).body['order']!['payment']).toBeNull();
    const shown = await eventually(async () => {
      const payment = (await world.get(people.buyer, path)).body['order']!['payment']!;
      expect(payment).not.toBeNull();
      return payment;
    });
    const { client_secret } = world.psp.control.payment(orderId);
    expect(shown).toEqual({ payment_id: orderId, client_secret, status: 'requires_payment_method' });
    const again = await order([people.products[0]!.id], headers);
    expect([again.status, again.body['payment']]).toEqual([201, shown]);
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('PSP down, then up: 202, one payment at the PSP', async () => {
    const outage = world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: /payments/,
      times: 'always',
    });
    const answer = await order([people.products[0]!.id]);
    expect([answer.status, answer.body['payment']]).toEqual([202, null]);
    world.psp.control.clearFaults(outage);
    const orderId: string = answer.body['order']!['id']!;
    await eventually(async () => expect((await world.order(orderId)).paymentClientSecret).not.toBeNull());
    expect(world.psp.control.payments().filter((payment) => payment.payment_id === orderId)).toHaveLength(1);
  });

  describe('the same Idempotency-Key', () => {
    it('and body: the same order and payment, also at the same time', async () => {
      const headers = { 'idempotency-key': uuidv7() };
      const answers = await Promise.all([1, 2, 3].map(() => order([people.products[0]!.id], headers)));
      const ids = answers.map((answer) => [answer.status, answer.body['order']!['id']]);
      expect(new Set(ids.map((pair) => pair.join(' ')))).toHaveLength(1);
      const later = await order([people.products[0]!.id], headers);
      expect(later.body).toEqual(answers[0]!.body);
    });

    it('and body, while the first call waits for the PSP: both hear the same', async () => {
      world.psp.control.addFault({ kind: 'latency', match: 'payments.create', delayMs: 1_000 });
      const headers = { 'idempotency-key': uuidv7() };
      const asked = world.psp.control.waitForRequest(
        (call) => call.operation === 'payments.create' && call.outcome === 'open',
      );
      const first = order([people.products[0]!.id], headers);
      await asked;
      const repeat = await order([people.products[0]!.id], headers);
      expect(repeat).toMatchObject({ status: 201, body: (await first).body });
    });

    it('after the order has completed: the same order, as it now stands', async () => {
      const headers = { 'idempotency-key': uuidv7() };
      const first = await order([people.products[0]!.id], headers);
      const orderId: string = first.body['order']!['id']!;
      world.psp.control.pay(orderId);
      await world.finished(`order/${orderId}`);
      const again = await order([people.products[0]!.id], headers);
      expect(again.status).toBe(201);
      expect(again.body['order']).toMatchObject({ id: orderId, status: 'completed' });
      for (const transfer of await world.transfersOf(orderId))
        await world.finished(`transfer/${transfer.id}`);
    });

    it('another body: 422', async () => {
      const headers = { 'idempotency-key': uuidv7() };
      await order([people.products[0]!.id], headers);
      const other = await order([people.products[1]!.id], headers);
      expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
      // Looked up before any refusal.
      const empty = await order([], headers);
      expect(empty.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    });

    it('after a refusal: judged anew', async () => {
      const headers = { 'idempotency-key': uuidv7() };
      const productId = await addProduct({ active: false });
      expect((await order([productId], headers)).body['code']).toBe('product_inactive');
      await world.database.db.update(products).set({ active: true }).where(eq(products.id, productId));
      expect((await order([productId], headers)).status).toBe(201);
    });

    it('of another buyer is another key', async () => {
      const headers = { 'idempotency-key': uuidv7() };
      const mine = await order([people.products[0]!.id], headers);
      const theirs = await world.post(
        people.stranger,
        '/marketplace/orders',
        { items: [{ product_id: people.products[0]!.id }] },
        headers,
      );
      expect(theirs.status).toBe(201);
      expect(theirs.body['order']!['id']).not.toBe(mine.body['order']!['id']);
    });
  });
});
