import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { keysOf, reversalRow } from '../harness/read.ts';
import { failedAttempts, until } from '../harness/wait.ts';
import { makePerson, openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, signal } from '../harness/stories.ts';
import { STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const BUYERS = 100;
const AT_A_TIME = 10;
const LONG_MS = 300_000;

/** Works through the list, some at a time, and keeps its order. */
async function forEach<In, Out>(list: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  const left = list.entries();
  const takeTurns = async () => {
    for (const [index, item] of left) done[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, takeTurns));
  return done;
}

describe('a bad day at Stripe', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({
      env: {
        REVERSAL_BACKOFF_BASE: '10ms',
        REVERSAL_BACKOFF_MAX: '50ms',
        // How many there are by default is seen in reversal-backoff; here a hundred use up all they have.
        REVERSAL_MAX_RETRIES: '1',
        // What four eyes are for has its own tests.
        FOUR_EYES_ABOVE_MINOR: '1000000000',
      },
    });
  });
  afterAll(() => world.close());

  it(
    'down longer than all retries while a hundred buyers are refunded: all refunds complete, and one bulk retry later every reversal is done, once',
    async () => {
      const { productIds, admin } = await openShop(world);
      const orders = await forEach(Array.from({ length: BUYERS }), async () => {
        const buyer = await makePerson(world, 'user');
        return { buyer, ...(await completedOrder(world, buyer, productIds)) };
      });

      world.stripe.control.addFault({ ...STRIPE_IS_DOWN, match: /transfers\..*/ });
      const failed = await forEach(orders, async ({ buyer, orderId }) => {
        const refundId = await openedRefund(world, buyer, orderId);
        expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
        expect((await world.order(orderId)).status).toBe('refunded');
        const [reversal] = await world.reversalsOf(refundId);
        return reversal!;
      });
      for (const { id } of failed) {
        expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'permanently_failed' });
      }
      expect(world.stripe.control.reversals()).toEqual([]);
      await expectCleanBooks(world);

      world.stripe.control.clearFaults();
      const successors = await forEach(failed, async ({ id }) => {
        const answer = await world.post(admin, `/admin/reversals/${id}/retry`, { reason: 'Stripe is back' });
        expect(answer.status, JSON.stringify(answer.body)).toBe(202);
        return answer.body['reversal']!['id']! as string;
      });
      for (const id of successors) {
        expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
      }
      expect(world.stripe.control.transfers()).toHaveLength(BUYERS);
      for (const { id, reversed } of world.stripe.control.transfers()) {
        expect(reversed).toBe(true);
        expect(world.stripe.control.reversals(id)).toHaveLength(1);
      }
      await expectAgreement(world);
    },
    LONG_MS,
  );
});

describe('STRIPE_MAX_RPS', () => {
  const RPS = 20;
  const SELLERS = 4;
  let world: World;
  beforeAll(async () => {
    world = await World.create({
      env: { STRIPE_MAX_RPS: String(RPS), REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' },
    });
  });
  afterAll(() => world.close());

  it(
    'a burst of a hundred reversals becomes a queue and not a hundred 429s, and all of them end',
    async () => {
      const { buyer, productIds } = await openShop(world, { prices: Array<number>(SELLERS).fill(1_000) });
      const orders = await forEach(Array.from({ length: 25 }), () =>
        completedOrder(world, buyer, productIds),
      );
      const down = world.stripe.control.addFault({ ...STRIPE_IS_DOWN, match: 'transfers.createReversal' });
      world.stripe.control.clearRequests();
      const refundIds = await forEach(orders, ({ orderId }) => openedRefund(world, buyer, orderId));
      for (const refundId of refundIds) await world.finished(`refund/${refundId}`);
      const reversals = (await forEach(refundIds, (id) => world.reversalsOf(id))).flat();
      expect(reversals).toHaveLength(100);
      for (const { id } of reversals) await failedAttempts(world, id, 1);

      world.stripe.control.clearFaults(down);
      world.stripe.control.setRateLimit(RPS);
      await Promise.all(reversals.map(({ id }) => signal(world, `reversal/${id}`, 'retryNow')));
      const limited: string[] = [];
      for (const { id } of reversals) {
        const { waitingFor } = await until(
          () => reversalRow(world, id),
          (row) => row.status === 'reversed' || row.waitingFor === 'rate_limit',
        );
        if (waitingFor !== null) limited.push(id);
      }
      expect(limited.length).toBeLessThanOrEqual(5);
      for (const id of limited) await signal(world, `reversal/${id}`, 'retryNow');
      for (const { id } of reversals) {
        expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
      }
      const calls = world.stripe.control.requests('transfers.createReversal');
      expect(new Set(keysOf(calls)).size).toBe(100);
      // The comparison has no queue of its own, and would meet the limit.
      world.stripe.control.setRateLimit(null);
      await expectAgreement(world);
    },
    LONG_MS,
  );
});
