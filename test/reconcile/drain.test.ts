import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { orderItems, orders } from '../../db/marketplace/orders/schema.ts';
import type { ReconcileReport } from '../../domain/reconcile/reconcile.ts';
import { reconcile } from '../../ops/commands/reconcile.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { until } from '../harness/wait.ts';
import { openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { takeTurn, TURN_TIMEOUT_MS } from '../harness/turns.ts';
import type { World } from '../harness/world.ts';
import { age, counts, createWorld, one, sweep, terminate } from './support.ts';

const BATCH = 3;

let world: World;
let shop: Shop;
let endTurn: () => Promise<void>;
beforeAll(async () => {
  endTurn = await takeTurn('drain');
}, TURN_TIMEOUT_MS);
afterAll(() => endTurn());
beforeAll(async () => {
  world = await createWorld({ RECONCILE_BATCH: String(BATCH) });
  shop = await openShop(world);
});
afterAll(() => world.close());

/** An order of an hour ago whose payment is at the PSP, written as it is after its workflow was lost. */
async function lostOrder(): Promise<string> {
  const id = uuidv7();
  const { db } = world.database;
  const createdAt = new Date(Date.now() - 3_600_000);
  const order = { id, buyerId: shop.buyer.id, totalMinor: PRICE_MINOR, currency: 'USD', paymentId: id };
  await db.insert(orders).values({ ...order, paymentStatus: 'requires_payment_method', createdAt });
  await db.insert(orderItems).values({
    id: uuidv7(),
    orderId: id,
    position: 0,
    productId: shop.seller.productId,
    sellerId: shop.seller.id,
    amountMinor: PRICE_MINOR,
    platformFeeMinor: PRICE_MINOR / 10,
  });
  const answer = await fetch(`${world.psp.url}/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'api-key': world.config.HYPERSWITCH_API_KEY },
    body: JSON.stringify({ payment_id: id, amount: PRICE_MINOR, currency: 'USD' }),
  });
  expect(answer.status).toBe(200);
  return id;
}

it('fifty rows that stay stuck do not starve the rest', async () => {
  const stuck = [];
  for (let count = 0; count < BATCH; count += 1) {
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    await age(world, 'orders', orderId, '2 hours');
    stuck.push(orderId);
  }
  const behind = await placedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.pay(behind, { webhook: false });
  await age(world, 'orders', behind, '1 hour');

  const first = counts(await sweep(world, shop, 'stuck_orders'), 'stuck_orders');
  expect(first).toMatchObject({ seen: BATCH, synced: 0, left: BATCH });
  const second = counts(await sweep(world, shop, 'stuck_orders'), 'stuck_orders');
  expect(second).toMatchObject({ seen: BATCH, synced: 1, left: BATCH - 1, why: { told: 1 } });
  await world.finished(`order/${behind}`);
  for (const orderId of stuck) {
    world.psp.control.fail(orderId);
    await world.finished(`order/${orderId}`);
  }
});

it('a backlog of a few hundred rows is drained, each looked at once, and continues as new', async () => {
  const [paid, unpaid]: string[][] = [[], []];
  for (let count = 0; count < 240; count += 1) {
    const orderId = await lostOrder();
    (count % 3 === 0 ? unpaid : paid)!.push(orderId);
  }
  for (const orderId of paid!) world.psp.control.pay(orderId, { webhook: false });

  const handle = await world.temporal.workflow.start('reconcile', {
    workflowId: `reconcile/${uuidv7()}`,
    taskQueue: world.config.TEMPORAL_TASK_QUEUE,
    args: [{ drain: true, batchesPerRun: 10, phases: ['stuck_orders'] }],
  });
  const report = (await handle.result()) as ReconcileReport;
  expect(report.phases).toEqual({
    stuck_orders: {
      seen: 240,
      synced: 160,
      left: 80,
      failed: 0,
      why: { told: 160, psp_says_requires_payment_method: 80 },
    },
  });
  const { runId } = await world.temporal.workflow.getHandle(handle.workflowId).describe();
  expect(runId).not.toBe(handle.firstExecutionRunId);
  for (const orderId of paid!) {
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  }

  // The rest, as an operator drains it: orders without a workflow are lost work.
  const printed = await reconcile(['--drain', '--phase', 'lost_work', '--json'], { ...world.env });
  expect(JSON.parse(printed)).toMatchObject({
    workflow_id: 'reconcile/drain',
    off: null,
    report: { lost_work: { seen: 80, synced: 80, why: { restarted: 80 } } },
  });
  for (const orderId of unpaid!) world.psp.control.fail(orderId);
  for (const orderId of unpaid!) await world.finished(`order/${orderId}`);
  for (const orderId of paid!) {
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  }
  await expectCleanBooks(world);
}, 240_000);

it('a drain that is stopped in the middle is finished by the next one', async () => {
  const { sql } = world.database;
  const stuck: string[] = [];
  for (let count = 0; count < 30; count += 1) stuck.push(await lostOrder());
  const unseen = async () =>
    (await sql`SELECT id FROM orders WHERE id IN ${sql(stuck)} AND reconcile_checked_at IS NULL`).length;

  const workflowId = await world.engine.startSweep({ drain: true, phases: ['stuck_orders'] });
  await until(unseen, (left) => left < stuck.length);
  // Terminating one that has just ended is refused; either way the next call does what is left.
  await terminate(world, workflowId).catch(() => undefined);
  const again = await world.engine.startSweep({ drain: true, phases: ['stuck_orders'] });
  const report = await world.engine.sweepReport(again);
  expect(report?.phases.stuck_orders).toMatchObject({ seen: 30, left: 30 });
  expect(await unseen()).toBe(0);
  await sql`UPDATE orders SET created_at = now() WHERE id IN ${sql(stuck)}`;
});

it('an operator reads what a sweep found', async () => {
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  await age(world, 'orders', orderId);
  expect(await reconcile(['--phase', 'stuck_orders'], { ...world.env })).toBe(
    'stuck_orders   1 seen, 0 synced, 1 left, 0 failed  (1 psp_says_requires_payment_method)',
  );
  await expect(reconcile(['--phase', 'everything'], { ...world.env })).rejects.toThrow(/--phase/);
  expect(counts(await sweep(world, shop, 'lost_work'), 'lost_work')).toEqual(one('left', 'workflow_running'));
});
