import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditLogOf } from '../harness/read.ts';
import { openShop } from '../harness/shop.ts';
import { placedOrder, storedWebhook } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import type { reconcile } from '../../workflows/index.ts';
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
  const path = `/admin/webhooks/${webhookId}/replay` as const;
  const replayed = await world.post(shop.admin, path, { reason: 'the parser was wrong' });
  expect(replayed.status, JSON.stringify(replayed.body)).toBe(200);
  expect(replayed.body['webhook']).toMatchObject({ id: webhookId, outcome: 'signalled' });
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  expect(await auditLogOf(world, webhookId)).toMatchObject([
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

/** Rows of the inbox, of which one cannot be stamped: every update of it is refused by the database in this way. */
async function withPoisonedRow(errcode: string, test: (poisoned: string, whole: string) => Promise<void>) {
  const { sql } = world.database;
  const poisoned = await stored(uuidv7(), 10 * MINUTE_MS);
  const whole = await stored(uuidv7(), 10 * MINUTE_MS);
  await sql.unsafe(`CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'poisoned' USING ERRCODE = '${errcode}'; END $$;
    CREATE TRIGGER poison BEFORE UPDATE ON webhook_events FOR EACH ROW WHEN (OLD.id = '${poisoned}') EXECUTE FUNCTION poison()`);
  try {
    await test(poisoned, whole);
  } finally {
    await sql.unsafe('DROP TRIGGER poison ON webhook_events; DROP FUNCTION poison()');
  }
}

it('a row that cannot be handled is left with its error, and the others of its batch go on, in a drain too', async () => {
  const shop = await openShop(world);
  await withPoisonedRow('22023', async (poisoned, whole) => {
    const swept = counts(await sweep(world, shop, 'inbox'), 'inbox');
    expect(swept).toMatchObject({ seen: 2, left: 2, why: { error: 1, unmatched: 1 } });
    expect(await rowOf(whole)).toMatchObject({ outcome: 'unmatched', reconcileCheckedAt: expect.any(Date) });
    expect(await rowOf(poisoned)).toMatchObject({ outcome: 'received' });
    // Under an id of its own: suites that drain by the one id take turns.
    const drain = await world.temporal.workflow.start<typeof reconcile>('reconcile', {
      workflowId: `reconcile/${uuidv7()}`,
      taskQueue: world.config.TEMPORAL_TASK_QUEUE,
      args: [{ drain: true, phases: ['inbox'] }],
    });
    expect(await drain.result()).toMatchObject({ phases: { inbox: { why: { error: 1 } } } });
  });
});

it('a batch that no attempt brings to its end is given up, and the sweep ends', async () => {
  const shop = await openShop(world);
  // As if the connection broke at this row, each time: that is repeated, and not for ever.
  await withPoisonedRow('08006', async () => {
    const started = await world.engine.startSweep({ drain: false, phases: ['inbox'] });
    expect(await world.finished(started)).toMatchObject({
      phases: { inbox: { seen: 2, left: 2, why: { error: 2 } } },
    });
  });
  expect(counts(await sweep(world, shop, 'inbox'), 'inbox')).toMatchObject({
    seen: 2,
    why: { unmatched: 2 },
  });
}, 120_000);

it('a webhook with an id of 256 KB, stored by an older version, does not freeze the sweep', async () => {
  const shop = await openShop(world);
  const long = uuidv7();
  const body = JSON.stringify({
    event_id: long,
    event_type: 'refund_succeeded',
    refund_id: 'eyJ-'.repeat(64_000),
  });
  const receivedAt = new Date(Date.now() - 10 * MINUTE_MS);
  await storedWebhook(world, { id: long, eventId: long, type: 'refund_succeeded', body, receivedAt });
  const whole = await stored(uuidv7(), 10 * MINUTE_MS);
  expect(counts(await sweep(world, shop, 'inbox'), 'inbox')).toMatchObject({
    seen: 2,
    why: { unmatched: 2 },
  });
  expect(await rowOf(long)).toMatchObject({
    outcome: 'unmatched',
    error: 'its refundId has 256000 characters',
  });
  expect(await rowOf(whole)).toMatchObject({ outcome: 'unmatched' });
});

it('a signal that names an event whose body an older version deleted leads to the PSP', async () => {
  const { orderId } = await paidUnnoticed();
  const id = await stored(orderId, 91 * 24 * 60 * MINUTE_MS, {
    body: null,
    outcome: 'signalled',
    processedAt: new Date(),
  });
  const fact = { verdict: 'captured', receivedMinor: 1, currency: 'USD', webhookId: id };
  await world.temporal.workflow.getHandle(`order/${orderId}`).signal('payment', fact);
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
});
