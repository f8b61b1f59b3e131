import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asks } from '../../db/kernel/schema.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { keepAsk } from '../../db/kernel/keep-ask.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { keysOf, pictureOf, reversalCalls } from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import {
  earnedShop,
  fundsOf,
  madeFor,
  onPayouts,
  openedPayout,
  payoutCalls,
  payoutIs,
} from '../harness/payouts.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { NET_MINOR, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { completedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

// Whoever reaches Temporal can start any workflow: what is done is what a row says, which somebody asked the API for.

const SINGLE_SHOP = { prices: [PRICE_MINOR] };
// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = {
  TRANSFER_RETRY_BACKOFF_BASE: '10m',
  TRANSFER_RETRY_BACKOFF_MAX: '1h',
  REVERSAL_BACKOFF_BASE: '10m',
  REVERSAL_BACKOFF_MAX: '1h',
};

describe('a start is a hint', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    world.stripe.control.setPayoutMode('auto');
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  /** As with Temporal's command line: no process of ours has a part in it. */
  async function start(type: string, workflowId: string, argument: object) {
    const { TEMPORAL_TASK_QUEUE, TEMPORAL_STRIPE_TASK_QUEUE } = world.config;
    const taskQueue = ['order', 'refund'].includes(type) ? TEMPORAL_TASK_QUEUE : TEMPORAL_STRIPE_TASK_QUEUE;
    await world.temporal.workflow.start(type, { workflowId, taskQueue, args: [argument] });
  }
  /** Wakes it as it starts, so that what is not due is attempted all the same. */
  async function startNow(type: string, workflowId: string, argument: object) {
    const taskQueue = world.config.TEMPORAL_STRIPE_TASK_QUEUE;
    const options = { workflowId, taskQueue, args: [argument], signal: 'retryNow', signalArgs: [] };
    await world.temporal.workflow.signalWithStart(type, options);
  }
  const database = () => world.database.db;

  it('a refund that nobody asked for: it ends refused, with nothing moved', async () => {
    const shop = await openShop(world, SINGLE_SHOP);
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const before = await pictureOf(world, orderId);
    const asked = world.psp.control.requests('refunds.create').length;
    for (const caller of [shop.buyer, shop.seller, shop.admin]) {
      const refundId = uuidv7();
      const ask = { orderId, caller: { userId: caller.id, role: caller.role } };
      await start('refund', `refund/${refundId}`, { refundId, ask });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({
        status: 'refused',
        reason: 'refund_not_found',
      });
    }
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(world.psp.control.requests('refunds.create')).toHaveLength(asked);
  });

  it('a refund that was asked for: whoever starts it, the row says who asked and for how much', async () => {
    const shop = await openShop(world, SINGLE_SHOP);
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const other = await completedOrder(world, shop.buyer, shop.productIds);
    const refundId = uuidv7();
    const caller = { userId: shop.buyer.id, role: shop.buyer.role };
    await keepAsk(database(), refundId, {
      kind: 'refund',
      orderId,
      caller,
      amount: 1_000,
      reason: 'of the buyer',
    });
    const forged = { orderId: other.orderId, caller: { userId: shop.admin.id, role: 'admin' }, reason: 'x' };
    await start('refund', `refund/${refundId}`, { refundId, ask: forged });
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    const rows = await database().select().from(refunds).where(eq(refunds.id, refundId));
    expect(rows).toMatchObject([
      { orderId, amountMinor: 1_000, requestedBy: shop.buyer.id, reason: 'of the buyer' },
    ]);
    expect((await world.order(other.orderId)).refundedMinor).toBe(0);
    // It was asked for once: nothing is left to be opened.
    expect(await database().select().from(asks).where(eq(asks.id, refundId))).toEqual([]);
  });

  it('a refund that was refused: no later start opens it, and each is told the same', async () => {
    const shop = await openShop(world, SINGLE_SHOP);
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const refundId = uuidv7();
    const caller = { userId: uuidv7(), role: 'user' } as const;
    await keepAsk(database(), refundId, { kind: 'refund', orderId, caller });
    for (const reason of ['order_not_found', 'order_not_found']) {
      await start('refund', `refund/${refundId}`, { refundId });
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'refused', reason });
    }
    expect(await database().select().from(refunds).where(eq(refunds.orderId, orderId))).toEqual([]);
  });

  it('a payout that nobody asked for: the seller’s money stays', async () => {
    const { seller } = await earnedShop(world, await openShop(world, SINGLE_SHOP));
    const payoutId = uuidv7();
    const ask = { sellerId: seller.id, currency: 'USD' };
    await start('payout', `payout/${payoutId}`, { payoutId, ask });
    expect(await world.finished(`payout/${payoutId}`)).toMatchObject({
      status: 'refused',
      reason: 'payout_not_found',
    });
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
    expect(await database().select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId))).toEqual([]);
    expect(madeFor(world, seller)).toEqual([]);
  });

  it('an order that nobody asked for: no order, and no payment at the PSP', async () => {
    const shop = await openShop(world, SINGLE_SHOP);
    const orderId = uuidv7();
    const ask = { buyerId: shop.buyer.id, productIds: shop.productIds };
    await start('order', `order/${orderId}`, { orderId, ask });
    expect(await world.finished(`order/${orderId}`)).toMatchObject({ status: 'order_not_found' });
    expect(await database().select().from(orders).where(eq(orders.id, orderId))).toEqual([]);
    expect(world.psp.control.hasPayment(orderId)).toBe(false);
  });

  it('a payout whose answer was lost, started beside itself with another key’s number: paid once', async () => {
    const { seller } = await earnedShop(world, await openShop(world, SINGLE_SHOP));
    world.stripe.control.setPayoutMode('manual');
    onPayouts(world, { kind: 'dropAfter' });
    const payoutId = await openedPayout(world, seller, { amount: 1_000 });
    await payoutIs(world, payoutId, (row) => row.retryCount === 1);
    await startNow('payout', `another/${payoutId}`, { payoutId, generation: 7 });
    const { externalPayoutId } = await payoutIs(world, payoutId, (row) => row.externalPayoutId !== null);
    expect(madeFor(world, seller)).toHaveLength(1);
    expect(new Set(keysOf(payoutCalls(world, payoutId)))).toEqual(new Set([`payout:${payoutId}:1`]));
    world.stripe.control.settlePayout(externalPayoutId!, 'paid');
    await payoutIs(world, payoutId, (row) => row.status === 'paid');
    await world.temporal.workflow.getHandle(`another/${payoutId}`).terminate('the attacker leaves');
  });

  it('a reversal whose answer was lost, started beside itself with another key’s number: taken back once', async () => {
    world.stripe.control.addFault({ kind: 'loseWebhook', match: 'transfer.reversed' });
    const { reversal, stripeTransferId } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
      body: { amount: 1_000 },
    });
    await until(
      () => world.reversalsOf(reversal.refundId!),
      ([row]) => row?.retryCount === 1,
    );
    await startNow('reversal', `another/${reversal.id}`, { reversalId: reversal.id, generation: 7 });
    expect(await world.finished(`another/${reversal.id}`)).toEqual({ status: 'reversed' });
    expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
    expect(new Set(keysOf(reversalCalls(world, stripeTransferId)))).toEqual(
      new Set([`reversal:${reversal.id}:1`]),
    );
  });
});
