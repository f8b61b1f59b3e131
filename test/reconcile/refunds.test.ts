import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { pictureOf } from '../harness/read.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, settledRefund } from '../harness/stories.ts';
import type { World } from '../harness/world.ts';
import { age, counts, createWorld, NONE, one, retire, stuckRefund, sweep } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  world.psp.control.setRefundMode('manual');
});
afterEach(() => retire(world));
afterAll(() => world.close());

/** The refund and what it started have come to their ends. */
async function ended(refundId: string) {
  await world.finished(`refund/${refundId}`);
  for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
  return world.refund(refundId);
}

it('stuck refund synced', async () => {
  const { shop, orderId, refundId } = await stuckRefund(world);
  world.psp.control.addFault({ kind: 'loseWebhook', match: 'refund_succeeded' });
  world.psp.control.settleRefund(refundId, 'succeeded');
  const { report } = await sweep(world, shop);
  expect(report.stuck_refunds).toEqual(one('synced', 'told'));
  expect(report.orphan_refunds).toEqual(NONE);
  expect((await ended(refundId)).status).toBe('succeeded');
  expect((await world.order(orderId)).status).toBe('refunded');
  await expectCleanBooks(world);
});

it('a refund that has not ended at the PSP is left', async () => {
  const { shop, refundId } = await stuckRefund(world);
  const swept = await sweep(world, shop, 'stuck_refunds');
  expect(counts(swept, 'stuck_refunds')).toEqual(one('left', 'psp_says_pending'));
  expect((await world.refund(refundId)).status).toBe('pending');
});

it('a recent refund is untouched', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  await openedRefund(world, shop.buyer, orderId);
  const { report } = await sweep(world, shop);
  expect([report.stuck_refunds, report.orphan_refunds, report.lost_work]).toEqual([NONE, NONE, NONE]);
});

it('failure passes the message on', async () => {
  const { shop, orderId, refundId } = await stuckRefund(world);
  world.psp.control.settleRefund(refundId, 'failed', 'insufficient balance at the connector', {
    webhook: false,
  });
  expect(counts(await sweep(world, shop, 'stuck_refunds'), 'stuck_refunds')).toEqual(one('synced', 'told'));
  expect(await ended(refundId)).toMatchObject({
    status: 'failed',
    errorMessage: 'insufficient balance at the connector',
  });
  expect((await world.order(orderId)).status).toBe('completed');
  await expectCleanBooks(world);
});

it('terminal rows: no-op', async () => {
  const shop = await openShop(world);
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.setRefundMode('auto');
  const { refundId } = await settledRefund(world, shop.buyer, orderId);
  world.psp.control.setRefundMode('manual');
  await age(world, 'refunds', refundId);
  const before = await pictureOf(world, orderId);
  const { report } = await sweep(world, shop);
  expect([report.stuck_refunds, report.orphan_refunds, report.lost_work]).toEqual([NONE, NONE, NONE]);
  expect(await pictureOf(world, orderId)).toEqual(before);
  await expectCleanBooks(world);
});

it('PSP away: left, and synced once it is back', async () => {
  const { shop, refundId } = await stuckRefund(world);
  world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
  const fault = world.psp.control.addFault({ kind: 'dropBefore', times: 'always' });
  const swept = await sweep(world, shop, 'stuck_refunds');
  expect(counts(swept, 'stuck_refunds')).toEqual(one('left', 'psp_unreadable'));
  expect((await world.refund(refundId)).status).toBe('pending');
  world.psp.control.clearFaults(fault);
  expect(counts(await sweep(world, shop, 'stuck_refunds'), 'stuck_refunds')).toEqual(one('synced', 'told'));
  expect((await ended(refundId)).status).toBe('succeeded');
});

it('late webhook after the sweep', async () => {
  const { shop, orderId, refundId } = await stuckRefund(world);
  world.psp.control.addFault({ kind: 'holdWebhook', match: 'refund_succeeded' });
  world.psp.control.settleRefund(refundId, 'succeeded');
  await sweep(world, shop, 'stuck_refunds');
  await ended(refundId);
  const before = await pictureOf(world, orderId);

  await world.psp.control.flush();
  await world.psp.control.waitForDelivery(
    (seen) => seen.objectId === refundId && seen.type === 'refund_succeeded',
  );
  await ended(refundId);
  expect(await pictureOf(world, orderId)).toEqual(before);
  expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
  await expectCleanBooks(world);
});

it('two sweeps at once', async () => {
  const shop = await openShop(world);
  const stuck = [
    await stuckRefund(world, shop),
    await stuckRefund(world, shop),
    await stuckRefund(world, shop),
  ];
  for (const { refundId } of stuck) {
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
  }
  await Promise.all([sweep(world, shop), sweep(world, shop), sweep(world, shop)]);
  for (const { orderId, refundId } of stuck) {
    expect((await ended(refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
  }
  expect(counts(await sweep(world, shop, 'stuck_refunds'), 'stuck_refunds')).toEqual(NONE);
  await expectCleanBooks(world);
});
