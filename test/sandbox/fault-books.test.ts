import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compareBooks } from '../../sandbox/faults/books.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { flagsOf, refundsOf } from '../harness/read.ts';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { delivered, until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';
import { subscriptionsOf } from '../subscriptions/story.ts';

// What the fault script makes of money that nothing took and the PSP did not give back: it lies in suspense, and a
// person has to look.

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await World.create();
  shop = await openShop(world);
});
afterEach(async () => {
  world.psp.control.clearFaults();
  await expectCleanBooks(world);
});
afterAll(() => world.close());

const differences = async () => (await compareBooks(world)).differences;
const refuse = (what: { outcome: 'failed' | 'refused' }) =>
  world.psp.control.addFault({ kind: 'refundOutcome', ...what, message: 'No.' });

/** Nobody would look at it any more; the flag is back afterwards. */
async function unlisted(refundId: string): Promise<readonly string[]> {
  const { sql } = world.database;
  const subject = `refund/${refundId}`;
  expect(await flagsOf(world, subject)).toContain('give_back_failed');
  await sql`UPDATE ops_flags SET cleared_at = now() WHERE subject = ${subject} AND kind = 'give_back_failed'`;
  const found = await differences();
  await sql`UPDATE ops_flags SET cleared_at = NULL WHERE subject = ${subject} AND kind = 'give_back_failed'`;
  return found;
}

async function refusedGiveBack(orderId: string): Promise<string> {
  const [refund] = await refundsOf(world, orderId);
  expect(await world.finished(`refund/${refund!.id}`)).toMatchObject({ status: 'failed' });
  return refund!.id;
}

describe('money that an order did not take, and the PSP did not give back', () => {
  it.each(['failed', 'refused'] as const)(
    'late, its give-back %s: the order is failed, and differs only where no operator is told',
    async (outcome) => {
      const orderId = await placedOrder(world, shop.buyer, shop.productIds);
      world.psp.control.cancel(orderId);
      await world.finished(`order/${orderId}`);
      refuse({ outcome });
      world.psp.control.pay(orderId);
      await delivered(world, orderId, 'payment_succeeded');
      await world.finished(`order/${orderId}`);
      const refundId = await refusedGiveBack(orderId);
      expect(await world.order(orderId)).toMatchObject({ status: 'failed', refundedMinor: 0 });
      expect(await differences()).toEqual([]);
      expect(await unlisted(refundId)).toEqual([expect.stringMatching(`order/${orderId}.*listed as held`)]);
    },
  );

  it('of another amount: the same', async () => {
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    refuse({ outcome: 'refused' });
    world.psp.control.pay(orderId, { amountReceivedMinor: 100 });
    await world.finished(`order/${orderId}`);
    const refundId = await refusedGiveBack(orderId);
    expect(await differences()).toEqual([]);
    expect(await unlisted(refundId)).toEqual([expect.stringMatching(`order/${orderId}.*listed as held`)]);
  });

  it('late, given back in part: the rest is held, and differs only where no operator is told', async () => {
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.cancel(orderId);
    await world.finished(`order/${orderId}`);
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'succeeded', doneShare: 0.5 });
    world.psp.control.pay(orderId);
    await delivered(world, orderId, 'payment_succeeded');
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 5_000 });
    expect(await differences()).toEqual([]);
    expect(await unlisted(refund!.id)).toEqual([expect.stringMatching(`order/${orderId}.*listed as held`)]);
  });
});

it('money that an invoice did not take, and the PSP did not give back, differs only where no operator is told', async () => {
  const { done } = await subscriptionsOf(world).subscribed(await makePerson(world, 'user'));
  const attemptId = done.attemptId!;
  refuse({ outcome: 'failed' });
  world.psp.control.pay(attemptId, { amountReceivedMinor: 500 });
  const [refund] = await until(
    () => world.database.sql<{ id: string }[]>`SELECT id FROM refunds WHERE payment_id = ${attemptId}`,
    (rows) => rows.length > 0,
  );
  expect(await world.finished(`refund/${refund!.id}`)).toMatchObject({ status: 'failed' });
  expect(await differences()).toEqual([]);
  expect(await unlisted(refund!.id)).toEqual([
    expect.stringMatching(`attempt ${attemptId}.*succeeded and listed as held`),
  ]);
});
