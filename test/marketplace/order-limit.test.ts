import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import { paidOrder, placedOrder } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';

const MOST = 3;

describe('OPEN_ORDERS_MAX', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create({ env: { OPEN_ORDERS_MAX: String(MOST) } });
    shop = await openShop(world);
  });
  afterAll(() => world.close());

  const order = (buyer: Person, headers: Record<string, string> = {}) =>
    world.post(
      buyer,
      '/marketplace/orders',
      { items: shop.productIds.map((productId) => ({ product_id: productId })) },
      headers,
    );
  const openOf = async ({ id }: Person) =>
    (await world.database.sql`SELECT id FROM orders WHERE buyer_id = ${id} AND status = 'pending'`).length;

  it('one more unpaid order: 429 too_many_open_orders, and nothing is started', async () => {
    const buyer = await makePerson(world, 'user');
    const orderIds: string[] = [];
    for (let placed = 0; placed < MOST; placed += 1)
      orderIds.push(await placedOrder(world, buyer, shop.productIds));
    const answer = await order(buyer);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      status: 429,
      code: 'too_many_open_orders',
      open_orders_max: MOST,
    });
    expect(await openOf(buyer)).toBe(MOST);
    // Nobody else is held up by it.
    expect((await order(shop.buyer)).status).toBe(201);

    world.psp.control.cancel(orderIds[0]!);
    await world.finished(`order/${orderIds[0]}`);
    expect((await order(buyer)).status).toBe(201);
  });

  it('what was paid is not counted', async () => {
    const buyer = await makePerson(world, 'user');
    for (let paid = 0; paid < MOST; paid += 1) {
      const orderId = await paidOrder(world, buyer, shop.productIds);
      for (const transfer of await world.transfersOf(orderId))
        await world.finished(`transfer/${transfer.id}`);
    }
    expect((await order(buyer)).status).toBe(201);
  });

  it('a repeat under the same key is the same order, also at the limit', async () => {
    const buyer = await makePerson(world, 'user');
    const headers = { 'idempotency-key': uuidv7() };
    const first = await order(buyer, headers);
    while ((await openOf(buyer)) < MOST) await placedOrder(world, buyer, shop.productIds);
    const again = await order(buyer, headers);
    expect([again.status, again.body['order']!['id']]).toEqual([201, first.body['order']!['id']]);
  });

  it('many at once: exactly as many as are allowed', async () => {
    const buyer = await makePerson(world, 'user');
    const answers = await Promise.all(Array.from({ length: 4 * MOST }, () => order(buyer)));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array<number>(MOST).fill(201), ...Array<number>(3 * MOST).fill(429)]);
    expect(await openOf(buyer)).toBe(MOST);
  });
});
