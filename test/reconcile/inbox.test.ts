import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { webhookEvents } from '../../db/schema/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditOf } from '../harness/look.ts';
import { storedWebhook } from '../harness/rows.ts';
import { openShop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import { age, counts, createWorld, NONE, one, retire, sweep } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => retire(world));
afterAll(() => world.close());

const MINUTE_MS = 60_000;

/** A webhook that came so long ago, as it was stored. */
async function stored(
  paymentId: string,
  agoMs: number,
  set: Partial<typeof webhookEvents.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  const body = JSON.stringify({
    event_id: id,
    event_type: 'payment_succeeded',
    content: { object: { payment_id: paymentId, status: 'succeeded' } },
  });
  const receivedAt = new Date(Date.now() - agoMs);
  await storedWebhook(world, { id, eventId: id, type: 'payment_succeeded', body, receivedAt, ...set });
  return id;
}

const rowOf = async (id: string) =>
  (await world.database.db.select().from(webhookEvents).where(eq(webhookEvents.id, id)))[0];

async function paidUnnoticed() {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.pay(orderId, { webhook: false });
  return { shop, orderId };
}

it('a webhook that was stored and not dispatched for 5 minutes is dispatched', async () => {
  const { shop, orderId } = await paidUnnoticed();
  const webhookId = await stored(orderId, 6 * MINUTE_MS, { error: 'the engine was away' });
  expect(counts(await sweep(world, shop, 'inbox'), 'inbox')).toEqual(one('synced', 'signalled'));
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  expect(await rowOf(webhookId)).toMatchObject({ outcome: 'signalled', processedAt: expect.any(Date) });
  expect(counts(await sweep(world, shop, 'inbox'), 'inbox')).toEqual(NONE);
  await expectCleanBooks(world);
});

it('one that has just come is left to who receives it', async () => {
  const { shop, orderId } = await paidUnnoticed();
  await stored(orderId, 4 * MINUTE_MS);
  expect(counts(await sweep(world, shop, 'inbox'), 'inbox')).toEqual(NONE);
});

it('an unmatched one is tried again for a day, and matches once its order is known', async () => {
  const { shop, orderId } = await paidUnnoticed();
  const unmatched = { outcome: 'unmatched', processedAt: new Date() } as const;
  const unknown = await stored(uuidv7(), 23 * 60 * MINUTE_MS, unmatched);
  const known = await stored(orderId, 10 * MINUTE_MS, unmatched);
  const tooOld = await stored(orderId, 25 * 60 * MINUTE_MS, unmatched);
  const swept = await sweep(world, shop, 'inbox');
  expect(counts(swept, 'inbox')).toEqual({
    seen: 2,
    synced: 1,
    left: 1,
    failed: 0,
    why: { signalled: 1, unmatched: 1 },
  });
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  expect(await rowOf(unknown)).toMatchObject({ outcome: 'unmatched' });
  expect(await rowOf(known)).toMatchObject({ outcome: 'signalled' });
  expect(await rowOf(tooOld)).toMatchObject({ outcome: 'unmatched', reconcileCheckedAt: null });
});

it('an operator replays an event, and the audit log says so', async () => {
  const { shop, orderId } = await paidUnnoticed();
  const webhookId = await stored(orderId, MINUTE_MS, { outcome: 'unhandled', processedAt: new Date() });
  const path = `/admin/webhooks/${webhookId}/replay`;
  const replayed = await world.post(shop.admin, path, { reason: 'the parser was wrong' });
  expect(replayed.status, JSON.stringify(replayed.body)).toBe(200);
  expect(replayed.body['webhook']).toMatchObject({ id: webhookId, outcome: 'signalled' });
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  expect(await auditOf(world, webhookId)).toMatchObject([
    { actor: shop.admin.id, action: 'webhook.replay', reason: 'the parser was wrong' },
  ]);
  // Once more: what it says has happened.
  expect((await world.post(shop.admin, path)).status).toBe(200);
  await world.finished(`order/${orderId}`);
  expect((await world.order(orderId)).status).toBe('completed');
  expect((await world.post(shop.admin, `/admin/webhooks/${uuidv7()}/replay`)).status).toBe(404);
  expect((await world.post(shop.buyer, path)).status).toBe(403);
  await expectCleanBooks(world);
});

it('what is stuck is listed, with the age of the last sweep', async () => {
  const { shop, orderId } = await paidUnnoticed();
  await age(world, 'orders', orderId, '3 hours');
  const webhookId = await stored(uuidv7(), 120 * MINUTE_MS);
  const before = await world.get(shop.admin, '/admin/stuck');
  expect(before.body).toMatchObject({
    last_sweep: null,
    counts: { order: 1, refund: 0, orphan: 0, transfer: 0, reversal: 0, payout: 0, webhook: 1 },
    data: [
      { kind: 'order', subject: `order/${orderId}`, status: 'pending', looked_at: null },
      { kind: 'webhook', subject: webhookId, status: 'received' },
    ],
  });
  await sweep(world, shop);
  await world.finished(`order/${orderId}`);
  const after = await world.get(shop.admin, '/admin/stuck?older_than_minutes=60&limit=5');
  expect(after.body['counts']).toMatchObject({ order: 0, webhook: 1 });
  expect(after.body['last_sweep']!['age_seconds']).toBeLessThan(60);
  expect((await world.get(shop.buyer, '/admin/stuck')).status).toBe(403);
});
