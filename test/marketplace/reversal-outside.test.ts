import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  balanceOf,
  keysOf,
  onlyReversal,
  openFlags,
  postingsOf,
  reversalCalls,
  reversalRow,
  transferRow,
} from '../harness/read.ts';
import { failedAttempts, until, waitsFor } from '../harness/wait.ts';
import { refundedOrder, soldOrder } from '../harness/refunded.ts';
import { NET_MINOR } from '../harness/shop.ts';
import { openedRefund, settledRefund, signal } from '../harness/stories.ts';
import { reversedBehindOurBack } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const PATIENT = { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' };
/** A refund of 2 000 takes 1 800 of the seller's 9 000. */
const PART_MINOR = 2_000;
const SHARE_MINOR = 1_800;

describe('a reversal that is not ours', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  const outsideRows = (transferId: string) =>
    world.database.db
      .select()
      .from(transferReversals)
      .where(and(eq(transferReversals.transferId, transferId), isNull(transferReversals.refundId)));

  /** Somebody reverses in Stripe's dashboard, and our books know of it. */
  async function seenByWebhook(transferId: string, stripeTransferId: string, amountMinor?: number) {
    const made = world.stripe.control.reverseInDashboard(stripeTransferId, amountMinor);
    await until(
      () => outsideRows(transferId),
      (rows) => rows.some((row) => row.stripeReversalId === made.id),
    );
    return made;
  }

  /** Somebody reverses in Stripe's dashboard, and its webhook is lost. */
  function unseen(stripeTransferId: string, amountMinor?: number) {
    world.stripe.control.addFault({ kind: 'loseWebhook', match: 'transfer.reversed' });
    return world.stripe.control.reverseInDashboard(stripeTransferId, amountMinor);
  }

  it('without a refund: a row of its own, posted once, out of available into suspense, and shown to ops', async () => {
    const { shop, transfer, stripeTransferId } = await soldOrder(world);
    const made = await seenByWebhook(transfer.id, stripeTransferId, 5_000);
    expect(await outsideRows(transfer.id)).toMatchObject([
      { amountMinor: 5_000, suspenseMinor: 5_000, status: 'reversed', stripeReversalId: made.id },
    ]);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'completed',
      reversedMinor: 5_000,
    });
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: NET_MINOR - 5_000,
      owedMinor: 0,
    });
    expect(await openFlags(world, 'outside_reversal', `transfer/${transfer.id}`)).toHaveLength(1);
    await expectAgreement(world);
  });

  it('its webhook twice: posted once', async () => {
    const { transfer, stripeTransferId } = await soldOrder(world);
    world.stripe.control.addFault({ kind: 'duplicateWebhook', count: 2, match: 'transfer.reversed' });
    await seenByWebhook(transfer.id, stripeTransferId, 1_000);
    const delivery = await world.stripe.control.waitForDelivery(
      ({ objectId, type }) => objectId === stripeTransferId && type === 'transfer.reversed',
    );
    await world.stripe.control.redeliver(delivery.eventId);
    await world.finished(`transfer/${transfer.id}`);
    expect(await outsideRows(transfer.id)).toHaveLength(1);
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(1);
    await expectAgreement(world);
  });

  it('two of them: each posted once, the whole makes the transfer reversed', async () => {
    const { transfer, stripeTransferId } = await soldOrder(world);
    await seenByWebhook(transfer.id, stripeTransferId, 4_000);
    await seenByWebhook(transfer.id, stripeTransferId);
    expect(await outsideRows(transfer.id)).toHaveLength(2);
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(2);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
    });
    await expectAgreement(world);
  });

  it('a later refund takes the transfer’s suspense first and reverses only the rest', async () => {
    const { shop, orderId, transfer, stripeTransferId } = await soldOrder(world);
    await seenByWebhook(transfer.id, stripeTransferId, 5_000);
    const { refundId } = await settledRefund(world, shop.buyer, orderId);
    expect(await onlyReversal(world, refundId)).toMatchObject({ amountMinor: 4_000, status: 'reversed' });
    expect((await outsideRows(transfer.id))[0]!.suspenseMinor).toBe(0);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
    });
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: 0,
      owedMinor: 0,
    });
    await expectAgreement(world);
  });

  it('a later refund that suspense covers wholly reverses nothing', async () => {
    const { shop, orderId, transfer, stripeTransferId } = await soldOrder(world);
    await seenByWebhook(transfer.id, stripeTransferId);
    const { refundId, reversals } = await settledRefund(world, shop.buyer, orderId);
    expect(reversals).toEqual([]);
    expect((await world.refund(refundId)).status).toBe('succeeded');
    expect(reversalCalls(world, stripeTransferId)).toEqual([]);
    await expectAgreement(world);
  });

  it('seen by a look-up, a part: it covers as much, and the rest is asked under a new key', async () => {
    const { transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      before: (sold) => void unseen(sold.stripeTransferId, 5_000),
    });
    await failedAttempts(world, reversal.id, 1);
    expect(await reversalRow(world, reversal.id)).toMatchObject({ status: 'pending', coveredMinor: 5_000 });
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    const calls = reversalCalls(world, stripeTransferId);
    expect(keysOf(calls)).toEqual([`reversal:${reversal.id}:1`, `reversal:${reversal.id}:2`]);
    expect(calls.map((call) => (call.body as { amount: string }).amount)).toEqual(['9000', '4000']);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
    });
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(1);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    await expectAgreement(world);
  });

  it('seen by a look-up and then by its late webhook: posted once', async () => {
    const { transfer, stripeTransferId, workflowId } = await refundedOrder(world, {
      before: (sold) => {
        world.stripe.control.addFault({ kind: 'holdWebhook', match: 'transfer.reversed' });
        world.stripe.control.reverseInDashboard(sold.stripeTransferId);
      },
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    await world.stripe.control.release();
    await world.stripe.control.waitForDelivery(
      ({ objectId, type }) => objectId === stripeTransferId && type === 'transfer.reversed',
    );
    expect(await outsideRows(transfer.id)).toHaveLength(1);
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(1);
    await expectAgreement(world);
  });

  it('while ours waits for the seller’s funds: it is covered, and the seller does not pay twice', async () => {
    const { shop, transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      body: { amount: PART_MINOR },
      before: ({ shop: { seller } }) => world.stripe.control.drainAccount(seller.accountId),
    });
    await waitsFor(world, reversal.id, 'seller_funds');
    world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', NET_MINOR);
    await seenByWebhook(transfer.id, stripeTransferId, SHARE_MINOR);
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      coveredMinor: SHARE_MINOR,
      stripeReversalId: null,
    });
    expect(world.stripe.control.transfer(stripeTransferId).amount_reversed).toBe(SHARE_MINOR);
    expect((await balanceOf(world, shop.seller.id)).availableMinor).toBe(NET_MINOR - SHARE_MINOR);
    await expectAgreement(world);
  });

  it('that covered ours, which Stripe carries out after all: the seller paid twice, and the second is kept for them', async () => {
    const { shop, transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      body: { amount: PART_MINOR },
      before: ({ shop: { seller } }) => world.stripe.control.drainAccount(seller.accountId),
    });
    await waitsFor(world, reversal.id, 'seller_funds');
    world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', NET_MINOR);
    const others = await seenByWebhook(transfer.id, stripeTransferId, SHARE_MINOR);
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });

    const second = await reversedBehindOurBack(world, stripeTransferId, reversal);
    const rows = await until(
      () => outsideRows(transfer.id),
      (booked) => booked.length === 2,
    );
    expect(rows.find((row) => row.stripeReversalId === second)).toMatchObject({
      amountMinor: SHARE_MINOR,
      suspenseMinor: SHARE_MINOR,
    });
    expect(rows.find((row) => row.stripeReversalId === others.id)).toMatchObject({ suspenseMinor: 0 });
    expect(await openFlags(world, 'reversal_happened_after_all', workflowId)).toEqual([]);
    expect((await transferRow(world, transfer.id)).reversedMinor).toBe(2 * SHARE_MINOR);
    expect((await balanceOf(world, shop.seller.id)).availableMinor).toBe(NET_MINOR - 2 * SHARE_MINOR);
    await expectAgreement(world);
  });

  it('while ours may be on its way: Stripe’s word on ours comes first, and the rest stays in suspense', async () => {
    const { shop, orderId, transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      body: { amount: PART_MINOR },
      troubles: [{ kind: 'dropAfter' }],
    });
    await failedAttempts(world, reversal.id, 1);
    await seenByWebhook(transfer.id, stripeTransferId, SHARE_MINOR);
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(world.stripe.control.transfer(stripeTransferId).amount_reversed).toBe(2 * SHARE_MINOR);
    expect((await outsideRows(transfer.id))[0]!.suspenseMinor).toBe(SHARE_MINOR);
    await expectAgreement(world);

    // The next refund takes it from there.
    const { refundId } = await settledRefund(world, shop.buyer, orderId, { amount: PART_MINOR });
    expect(await world.reversalsOf(refundId)).toEqual([]);
    expect(world.stripe.control.transfer(stripeTransferId).amount_reversed).toBe(2 * SHARE_MINOR);
    await expectAgreement(world);
  });

  it('while ours was never asked: covered without a call', async () => {
    await world.stopWorker();
    await world.startWorker({ REVERSAL_WORKER_ENABLED: 'false' });
    const { transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world);
    await seenByWebhook(transfer.id, stripeTransferId);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'reversed',
      coveredMinor: NET_MINOR,
    });
    await world.stopWorker();
    await world.startWorker();
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(reversalCalls(world, stripeTransferId)).toEqual([]);
    await expectAgreement(world);
  });

  it('two of ours open: covered oldest first', async () => {
    const sold = await soldOrder(world);
    const { shop, orderId, transfer, stripeTransferId } = sold;
    await world.stopWorker();
    await world.startWorker({ REVERSAL_WORKER_ENABLED: 'false' });
    const refundIds: string[] = [];
    for (const amount of [PART_MINOR, 2 * PART_MINOR]) {
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount });
      await world.finished(`refund/${refundId}`);
      refundIds.push(refundId);
    }
    await seenByWebhook(transfer.id, stripeTransferId, SHARE_MINOR + 1_000);
    const [first, second] = await Promise.all(refundIds.map((id) => onlyReversal(world, id)));
    expect(first).toMatchObject({ status: 'reversed', coveredMinor: SHARE_MINOR });
    expect(second).toMatchObject({ status: 'pending', coveredMinor: 1_000, amountMinor: 2 * SHARE_MINOR });
    await world.stopWorker();
    await world.startWorker();
    await world.finished(`reversal/${second!.id}`);
    expect(world.stripe.control.transfer(stripeTransferId).amount_reversed).toBe(3 * SHARE_MINOR);
    expect(
      reversalCalls(world, stripeTransferId).map((call) => (call.body as { amount: string }).amount),
    ).toEqual([String(2 * SHARE_MINOR - 1_000)]);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'completed',
      reversedMinor: 3 * SHARE_MINOR,
    });
    await expectAgreement(world);
  });
});
