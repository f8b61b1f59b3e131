import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { pictureOf } from '../harness/read.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, placedOrder } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import { age, counts, createWorld, NONE, one, retire, sweep, terminate } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => retire(world));
afterAll(() => world.close());

it('stuck order synced', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.addFault({ kind: 'loseWebhook', match: 'payment_succeeded' });
  world.psp.control.pay(orderId);
  await age(world, 'orders', orderId);

  const swept = await sweep(world, shop, 'stuck_orders');
  expect(swept.report).toEqual({ stuck_orders: one('synced', 'told') });
  await world.finished(`order/${orderId}`);
  const order = await world.order(orderId);
  expect(order).toMatchObject({ status: 'completed', reconcileCheckedAt: expect.any(Date) });
  for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  await expectCleanBooks(world);
});

it('stuck order synced: a payment that failed', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.fail(orderId, 'Your card was declined.', { webhook: false });
  await age(world, 'orders', orderId);
  expect(counts(await sweep(world, shop), 'stuck_orders')).toEqual(one('synced', 'told'));
  await world.finished(`order/${orderId}`);
  expect(await world.order(orderId)).toMatchObject({
    status: 'failed',
    failureReason: 'Your card was declined.',
  });
});

it('an order whose payment has not ended is left', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  await age(world, 'orders', orderId);
  const swept = await sweep(world, shop, 'stuck_orders');
  expect(counts(swept, 'stuck_orders')).toEqual(one('left', 'psp_says_requires_payment_method'));
  expect((await world.order(orderId)).status).toBe('pending');
});

it('recent order untouched', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.pay(orderId, { webhook: false });
  await age(world, 'orders', orderId, '29 minutes');
  const before = await pictureOf(world, orderId);
  expect(counts(await sweep(world, shop, 'stuck_orders'), 'stuck_orders')).toEqual(NONE);
  expect(await pictureOf(world, orderId)).toEqual(before);
});

it('completed order untouched', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  await age(world, 'orders', orderId);
  const before = await pictureOf(world, orderId);
  const { report } = await sweep(world, shop);
  expect(report.stuck_orders).toEqual(NONE);
  expect(report.lost_work).toEqual(NONE);
  expect(report.outside).toMatchObject({ synced: 0, failed: 0 });
  expect(await pictureOf(world, orderId)).toEqual(before);
  await expectCleanBooks(world);
});

it('order the PSP does not know', async () => {
  const shop = await openShop(world);
  const fault = world.psp.control.addFault({ kind: 'dropBefore', match: 'payments.create', times: 'always' });
  const placed = await world.post(shop.buyer, '/marketplace/orders', {
    items: shop.productIds.map((productId) => ({ product_id: productId })),
  });
  const orderId = placed.body['order']!['id'] as unknown as string;
  await terminate(world, `order/${orderId}`);
  await age(world, 'orders', orderId);
  // Its activity may outlive the workflow for a moment: no call of it arrives before the sweep is over.
  const swept = await sweep(world, shop, 'stuck_orders');
  world.psp.control.clearFaults(fault);
  expect(counts(swept, 'stuck_orders')).toEqual(one('left', 'unknown_to_the_psp'));
  expect((await world.order(orderId)).status).toBe('pending');
});

it('PSP read error leaves the row, and does not stop the others', async () => {
  const shop = await openShop(world);
  const [unread, unreadable] = [
    await placedOrder(world, shop.buyer, shop.productIds),
    await placedOrder(world, shop.buyer, shop.productIds),
  ];
  for (const orderId of [unread, unreadable]) {
    world.psp.control.pay(orderId, { webhook: false });
    await age(world, 'orders', orderId);
  }
  world.psp.control.addFault({
    kind: 'status',
    match: 'payments.retrieve',
    status: 503,
    where: { id: unreadable },
  });
  const swept = await sweep(world, shop, 'stuck_orders');
  expect(counts(swept, 'stuck_orders')).toEqual({
    seen: 2,
    synced: 1,
    left: 1,
    failed: 0,
    why: { told: 1, psp_unreadable: 1 },
  });
  await world.finished(`order/${unread}`);
  expect((await world.order(unread)).status).toBe('completed');
  expect((await world.order(unreadable)).status).toBe('pending');

  expect(counts(await sweep(world, shop, 'stuck_orders'), 'stuck_orders')).toEqual(one('synced', 'told'));
  await world.finished(`order/${unreadable}`);
  await expectCleanBooks(world);
});

it('PSP that refuses our key: left, and on the list of what a person should look at', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  await age(world, 'orders', orderId);
  world.psp.control.addFault({ kind: 'status', match: 'payments.retrieve', status: 401 });
  const swept = await sweep(world, shop, 'stuck_orders');
  expect(counts(swept, 'stuck_orders')).toEqual(one('left', 'psp_refuses_our_key'));
  const flags = await world.get(shop.admin, '/admin/flags');
  expect(flags.body['data']).toEqual([expect.objectContaining({ kind: 'psp_refuses_our_key' })]);
});

it('only admins ask for a sweep', async () => {
  const shop = await openShop(world);
  expect((await world.post(shop.buyer, '/admin/reconcile')).status).toBe(403);
  expect((await world.post(null, '/admin/reconcile')).status).toBe(401);
  const wrong = await world.post(shop.admin, '/admin/reconcile', { phases: ['everything'] });
  expect(wrong.status).toBe(422);
});
