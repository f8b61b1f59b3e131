import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { refundsOf } from '../harness/read.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { paidOrder } from '../harness/stories.ts';
import { eventually } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

const AT_ONCE = 10;
const AT_A_TIME = 2;

interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly body: object;
}

/** A refusal because too much is asked for at once says when to come back, and that nothing was done. */
function expectBusy({ status, headers, body }: Called): number {
  expect([status, body]).toMatchObject([503, { code: 'engine_busy', may_still_be_carried_out: false }]);
  const afterS = Number(headers.get('retry-after'));
  expect(Number.isInteger(afterS)).toBe(true);
  expect(afterS).toBeGreaterThanOrEqual(1);
  expect(afterS).toBeLessThanOrEqual(60);
  return afterS;
}

/** All at once, each under its key; who is refused comes back when told. The answers in the order in which they came. */
async function askUntilAccepted<Answer extends Called>(
  calls: readonly (() => Promise<Answer>)[],
  afterFirst: (refused: readonly number[]) => Promise<void>,
): Promise<{ accepted: Answer[]; inOrder: Answer[] }> {
  const inOrder: Answer[] = [];
  const first = await Promise.all(
    calls.map(async (call): Promise<Answer> => {
      const answer: Answer = await call();
      inOrder.push(answer);
      return answer;
    }),
  );
  await afterFirst(first.flatMap((answer, at) => (answer.status === 503 ? [at] : [])));
  const accepted: Answer[] = await Promise.all(
    first.map(async (answer, at) => {
      let latest: Answer = answer;
      while (latest.status === 503) {
        await sleep(expectBusy(latest) * 1_000);
        latest = await calls[at]!();
      }
      return latest;
    }),
  );
  return { accepted, inOrder };
}

describe('more than ENGINE_CALLS_MAX at a time', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create({ env: { ENGINE_CALLS_MAX: String(AT_A_TIME), ENGINE_WAIT_MAX: '400ms' } });
    shop = await openShop(world);
  });
  afterAll(() => world.close());

  it('refunds over the limit are refused at once with Retry-After; accepted ones all end, none lost or doubled', async () => {
    const orderIds: string[] = [];
    while (orderIds.length < AT_ONCE) orderIds.push(await paidOrder(world, shop.buyer, shop.productIds));
    const calls = orderIds.map((orderId) => {
      const headers = { 'idempotency-key': uuidv7() };
      return () => world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {}, headers);
    });
    const { accepted, inOrder } = await askUntilAccepted(calls, async (refused) => {
      // At least those for whom there was neither room nor a place in the queue.
      expect(refused.length).toBeGreaterThanOrEqual(1);
      expect(refused.length).toBeLessThanOrEqual(AT_ONCE - AT_A_TIME);
      for (const at of refused) {
        expect(await refundsOf(world, orderIds[at]!)).toEqual([]);
        expect(
          await world.database.sql`SELECT id FROM asks WHERE ask->>'orderId' = ${orderIds[at]!}`,
        ).toEqual([]);
      }
    });
    // Whoever is refused does not wait until others have been served.
    expectBusy(inOrder[0]!);
    expect(accepted.map(({ status }) => status)).toEqual(orderIds.map(() => 202));

    for (const [at, orderId] of orderIds.entries()) {
      const refundId = accepted[at]!.body.refund!.id;
      await world.finished(`refund/${refundId}`);
      for (const reversal of await world.reversalsOf(refundId))
        await world.finished(`reversal/${reversal.id}`);
      expect(await refundsOf(world, orderId)).toMatchObject([{ id: refundId, status: 'succeeded' }]);
      expect(world.psp.control.refunds(orderId)).toMatchObject([{ refund_id: refundId }]);
      // A repeat is answered as before, without a turn.
      expect(await calls[at]!()).toMatchObject({ status: 202, body: { refund: { id: refundId } } });
    }
    await expectCleanBooks(world);
  });

  it('purchases over the limit are refused at once with Retry-After, and each is placed once', async () => {
    const items = shop.productIds.map((productId) => ({ product_id: productId }));
    const before = await ordersOf(world, shop.buyer.id);
    const calls = Array.from({ length: AT_ONCE }, () => {
      const headers = { 'idempotency-key': uuidv7() };
      return () => world.post(shop.buyer, '/marketplace/orders', { items }, headers);
    });
    const { accepted, inOrder } = await askUntilAccepted(calls, async (refused) => {
      expect(refused.length).toBeGreaterThanOrEqual(1);
      await eventually(async () =>
        expect(await ordersOf(world, shop.buyer.id)).toBe(before + AT_ONCE - refused.length),
      );
    });
    expectBusy(inOrder[0]!);
    expect(accepted.map(({ status }) => status)).toEqual(calls.map(() => 201));
    expect(new Set(accepted.map(({ body }) => body.order!.id)).size).toBe(AT_ONCE);
    expect(await ordersOf(world, shop.buyer.id)).toBe(before + AT_ONCE);
  });
});

const ordersOf = async ({ database: { sql } }: World, buyerId: string) =>
  (await sql`SELECT id FROM orders WHERE buyer_id = ${buyerId}`).length;
