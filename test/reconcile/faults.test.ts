import { afterAll, beforeAll, expect, it } from 'vitest';
import { keepPlatformSetting } from '../../db/kernel/platform-setting.ts';
import { reconcile } from '../../ops/commands/reconcile.ts';
import { compareBooks } from '../../sandbox/faults/books.ts';
import { comesToRest, unheard } from '../../sandbox/faults/rest.ts';
import { loseWebhooks } from '../../sandbox/faults/trouble.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { eventually } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { openedRefund, placedOrder } from '../harness/stories.ts';
import { takeTurn, TURN_TIMEOUT_MS } from '../harness/turns.ts';
import { World } from '../harness/world.ts';

// A short part of `npm run faults`, with its parts: every webhook is lost, and the worker is killed.

const ORDERS = 20;
const PATIENCE_MS = 60_000;

let world: World;
let shop: Shop;
let endTurn: () => Promise<void>;
beforeAll(async () => {
  endTurn = await takeTurn('drain');
}, TURN_TIMEOUT_MS);
afterAll(() => endTurn());
beforeAll(async () => {
  world = await World.create({
    worker: false,
    env: {
      RECONCILE_ORDER_STUCK_AFTER: '1ms',
      RECONCILE_REFUND_STUCK_AFTER: '1ms',
      // A refund that the killed worker was asking for is no orphan: its workflow asks again.
      RECONCILE_REFUND_ORPHAN_AFTER: '1ms',
    },
  });
  await world.startWorkerProcess();
  await keepPlatformSetting(world.database.db, 'temporal_namespace_id', await world.engine.namespaceId());
  shop = await openShop(world, { prices: [10_000, 3_333] });
  loseWebhooks(world, { loss: 1, seed: 1 });
});
afterAll(() => world.close());

const heard = (left: number) => eventually(async () => expect(await unheard(world)).toBe(left), PATIENCE_MS);
const drain = async () => {
  await reconcile(['--drain', '--json'], { ...world.env });
  await heard(0);
  return comesToRest(world, PATIENCE_MS, () => undefined);
};
const AT_REST = { asking: 0, transfers: 0, reversals: 0, payouts: 0, subscriptions: 0 };

it('every webhook is lost and the worker is killed: a drain brings all rows to where the providers say', async () => {
  const orderIds: string[] = [];
  for (let count = 0; count < ORDERS; count += 1) {
    orderIds.push(await placedOrder(world, shop.buyer, shop.productIds.slice(0, 1 + (count % 2))));
  }
  for (const [place, orderId] of orderIds.entries()) {
    if (place % 7 === 6) world.psp.control.fail(orderId);
    else if (place % 7 !== 5) world.psp.control.pay(orderId);
  }
  expect(await unheard(world)).toBe(orderIds.filter((_, place) => place % 7 !== 5).length);
  expect((await compareBooks(world)).differences.length, 'and the comparison sees it').toBeGreaterThan(0);
  expect(await drain()).toEqual(AT_REST);
  expect((await compareBooks(world)).differences).toEqual([]);

  const paid = orderIds.filter((_, place) => place % 7 < 5);
  const asking = paid.map((orderId, place) =>
    openedRefund(world, shop.buyer, orderId, place % 3 === 0 ? { amount: 1_001 } : {}),
  );
  await Promise.all(asking);
  await world.killWorkerProcess();
  await world.startWorkerProcess();
  await eventually(
    async () => expect((await comesToRest(world, 0, () => undefined)).asking).toBe(0),
    PATIENCE_MS,
  );
  expect(await unheard(world)).toBe(paid.length);
  expect(await drain()).toEqual(AT_REST);

  const { orders, refunds, differences } = await compareBooks(world);
  expect(differences).toEqual([]);
  expect({ orders, refunds }).toEqual({ orders: ORDERS, refunds: paid.length });
  expect(await unheard(world)).toBe(0);
  const deliveries = [...world.psp.control.deliveries(), ...world.stripe.control.deliveries()];
  expect(deliveries.filter(({ state }) => state !== 'lost')).toEqual([]);
  await expectAgreement(world);
}, 240_000);

it('a row that differs from the providers is named, from whichever side', async () => {
  const clean = await compareBooks(world);
  expect(clean.differences).toEqual([]);
  const { sql } = world.database;
  const [refund] = await sql<{ id: string; order_id: string }[]>`SELECT id, order_id FROM refunds LIMIT 1`;
  await sql`UPDATE refunds SET amount_minor = amount_minor - 1 WHERE id = ${refund!.id}`;
  const outside = world.psp.control.payments().find(({ status }) => status === 'requires_payment_method')!;
  world.psp.control.pay(outside.payment_id);
  world.stripe.control.reverseInDashboard(
    world.stripe.control.transfers().find(({ reversed }) => !reversed)!.id,
    1,
  );
  const { differences } = await compareBooks(world);
  expect(differences.map((line) => line.split(':')[0])).toEqual([
    `order/${outside.payment_id}`,
    expect.stringContaining(`refund/${refund!.id}`),
    'reversal',
  ]);
  await sql`UPDATE refunds SET amount_minor = amount_minor + 1 WHERE id = ${refund!.id}`;
});
