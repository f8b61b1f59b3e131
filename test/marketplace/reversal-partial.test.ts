import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { balanceOf, keysOf, onlyReversal, reversalCalls, reversalRow, transferRow } from '../harness/read.ts';
import { failedAttempts, waitsFor } from '../harness/wait.ts';
import { soldOrder } from '../harness/refunded.ts';
import { makeProduct, NET_MINOR, openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, settledRefund, signal } from '../harness/stories.ts';
import { onReversalsOf, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const PATIENT = { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' };
/** A refund of 2 000 takes 1 800 of the seller's 9 000. */
const PART_MINOR = 2_000;
const SHARE_MINOR = 1_800;

describe('refunds in parts', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  it('each gives the transfer back to completed with reversed_minor raised; the last makes it reversed', async () => {
    const { shop, orderId, transfer, stripeTransferId } = await soldOrder(world);
    for (const parts of [1, 2]) {
      await settledRefund(world, shop.buyer, orderId, { amount: PART_MINOR });
      expect(await transferRow(world, transfer.id)).toMatchObject({
        status: 'completed',
        reversedMinor: parts * SHARE_MINOR,
        nextRetryAt: null,
      });
    }
    await settledRefund(world, shop.buyer, orderId);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
    });
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(world.stripe.control.transfer(stripeTransferId)).toMatchObject({
      amount_reversed: NET_MINOR,
      reversed: true,
    });
    const keys = keysOf(reversalCalls(world, stripeTransferId));
    expect(new Set(keys).size).toBe(3);
    await expectAgreement(world);
  });

  /** Three refunds of a transfer, whose reversals all failed once. */
  async function threeOpen() {
    const sold = await soldOrder(world);
    const { shop, orderId, stripeTransferId } = sold;
    const down = onReversalsOf(world, stripeTransferId, STRIPE_IS_DOWN);
    const ids: string[] = [];
    for (const body of [{ amount: PART_MINOR }, { amount: PART_MINOR }, {}]) {
      const refundId = await openedRefund(world, shop.buyer, orderId, body);
      await world.finished(`refund/${refundId}`);
      const { id } = await onlyReversal(world, refundId);
      await failedAttempts(world, id, 1);
      ids.push(id);
    }
    world.stripe.control.clearFaults(down);
    return { ...sold, ids };
  }

  it('several in flight: reversal_pending until the last has ended, its next time the earliest of theirs', async () => {
    const { shop, transfer, stripeTransferId, orderId, ids } = await threeOpen();
    expect((await world.order(orderId)).status).toBe('refunded');
    const rows = await Promise.all(ids.map((id) => reversalRow(world, id)));
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversal_pending',
      reversedMinor: 0,
      nextRetryAt: rows[0]!.nextRetryAt,
    });
    await signal(world, `reversal/${ids[0]!}`, 'retryNow');
    await world.finished(`reversal/${ids[0]!}`);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversal_pending',
      reversedMinor: SHARE_MINOR,
      nextRetryAt: rows[1]!.nextRetryAt,
    });
    for (const id of ids.slice(1)) await signal(world, `reversal/${id}`, 'retryNow');
    for (const id of ids.slice(1))
      expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
      nextRetryAt: null,
    });
    expect(
      world.stripe.control
        .reversals(stripeTransferId)
        .map((made) => made.amount)
        .toSorted((a, b) => a - b),
    ).toEqual([SHARE_MINOR, SHARE_MINOR, NET_MINOR - 2 * SHARE_MINOR]);
    expect((await balanceOf(world, shop.seller.id)).availableMinor).toBe(0);
    await expectAgreement(world);
  });

  it('several woken at once never exceed the transfer', async () => {
    const { transfer, stripeTransferId, ids } = await threeOpen();
    onReversalsOf(world, stripeTransferId, { kind: 'dropAfter' });
    await Promise.all(ids.map((id) => signal(world, `reversal/${id}`, 'retryNow')));
    for (const id of ids) {
      const { status } = await failedAttempts(world, id, 1);
      if (status === 'pending') await signal(world, `reversal/${id}`, 'retryNow');
    }
    for (const id of ids) expect(await world.finished(`reversal/${id}`)).toEqual({ status: 'reversed' });
    expect(world.stripe.control.transfer(stripeTransferId).amount_reversed).toBe(NET_MINOR);
    expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(3);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
    });
    await expectAgreement(world);
  });

  it('one of them failed for good: permanently_failed once the last has ended, with what was taken back', async () => {
    const { transfer, ids } = await threeOpen();
    const [first, second, third] = ids as [string, string, string];
    await signal(world, `reversal/${second}`, 'giveUp', 'the seller pays by bank');
    expect(await world.finished(`reversal/${second}`)).toEqual({ status: 'permanently_failed' });
    expect((await transferRow(world, transfer.id)).status).toBe('reversal_pending');
    for (const id of [first, third]) {
      await signal(world, `reversal/${id}`, 'retryNow');
      await world.finished(`reversal/${id}`);
    }
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'permanently_failed',
      reversedMinor: NET_MINOR - SHARE_MINOR,
    });
    await expectAgreement(world);
  });

  it('a later refund’s share of a permanently_failed transfer is still attempted; the status stays', async () => {
    const { shop, orderId, transfer, stripeTransferId } = await soldOrder(world);
    onReversalsOf(world, stripeTransferId, { kind: 'status', status: 503 });
    const firstRefund = await openedRefund(world, shop.buyer, orderId, { amount: PART_MINOR });
    await world.finished(`refund/${firstRefund}`);
    const first = await onlyReversal(world, firstRefund);
    await failedAttempts(world, first.id, 1);
    await signal(world, `reversal/${first.id}`, 'giveUp', 'no');
    await world.finished(`reversal/${first.id}`);
    expect((await transferRow(world, transfer.id)).status).toBe('permanently_failed');

    const { reversals } = await settledRefund(world, shop.buyer, orderId, { amount: PART_MINOR });
    expect(reversals).toMatchObject([{ status: 'reversed', amountMinor: SHARE_MINOR }]);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'permanently_failed',
      reversedMinor: SHARE_MINOR,
    });
    await expectAgreement(world);
  });

  it('two items of one seller: a transfer a seller, a reversal a refund', async () => {
    const shop = await openShop(world);
    const second = await makeProduct(world, shop.seller, 3_000);
    const { orderId, transfers } = await completedOrder(world, shop.buyer, [...shop.productIds, second]);
    expect(transfers).toMatchObject([{ amountMinor: NET_MINOR + 2_700 }]);
    await settledRefund(world, shop.buyer, orderId, { amount: 1_300 });
    expect(await transferRow(world, transfers[0]!.id)).toMatchObject({
      status: 'completed',
      reversedMinor: 1_170,
    });
    await settledRefund(world, shop.buyer, orderId);
    expect(await transferRow(world, transfers[0]!.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR + 2_700,
    });
    await expectAgreement(world);
  });

  it('the seller can pay for one part and not yet for the next', async () => {
    const { shop, orderId, transfer } = await soldOrder(world);
    world.stripe.control.setAccountBalance(shop.seller.accountId, 'usd', SHARE_MINOR);
    await settledRefund(world, shop.buyer, orderId, { amount: PART_MINOR });
    const refundId = await openedRefund(world, shop.buyer, orderId, { amount: PART_MINOR });
    await world.finished(`refund/${refundId}`);
    const { id } = await onlyReversal(world, refundId);
    await waitsFor(world, id, 'seller_funds');
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversal_pending',
      reversedMinor: SHARE_MINOR,
    });
    world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', SHARE_MINOR);
    await signal(world, `reversal/${id}`, 'retryNow');
    await world.finished(`reversal/${id}`);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'completed',
      reversedMinor: 2 * SHARE_MINOR,
    });
    await expectAgreement(world);
  });
});
