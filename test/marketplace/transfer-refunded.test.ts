import { and, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { orderItems } from '../../db/marketplace/orders/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  balanceOf,
  keysOf,
  onlyReversal,
  onlyTransfer,
  reversalCalls,
  reversalRow,
  sentTo,
  transferCalls,
  transferRow,
} from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import { connect, NET_MINOR, openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, settledRefund, signal } from '../harness/stories.ts';
import { onTransferSearches, onTransfersTo, REFUSED } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const PATIENT = { TRANSFER_RETRY_BACKOFF_BASE: '10m', TRANSFER_RETRY_BACKOFF_MAX: '1h' };
/** A refund of 2 000 takes a fifth of everything: 1 800 of the seller's 9 000. */
const PART_MINOR = 2_000;
const SHARE_MINOR = 1_800;

describe('a refund that arrives while a transfer is', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => {
    world.stripe.control.clearFaults();
    world.stripe.control.setPlatformBalance('usd', null);
  });
  afterAll(() => world.close());

  const refunded = async (shop: Shop, orderId: string, body: unknown = {}) => {
    const refundId = await openedRefund(world, shop.buyer, orderId, body);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    return refundId;
  };

  const retryCount = (transferId: string, count: number) =>
    until(
      () => transferRow(world, transferId),
      (row) => row.retryCount === count,
    );

  /** The whole share was refunded before Stripe had anything: the row has ended without a call, or without another. */
  async function expectNothingSent(shop: Shop, transferId: string, calls: number) {
    expect(await world.finished(`transfer/${transferId}`)).toEqual({ status: 'permanently_failed' });
    expect(await transferRow(world, transferId)).toMatchObject({
      status: 'permanently_failed',
      amountMinor: 0,
      errorMessage: 'order refunded',
      stripeTransferId: null,
      nextRetryAt: null,
    });
    expect(transferCalls(world, shop.seller.accountId)).toHaveLength(calls);
    expect(sentTo(world, shop.seller.accountId)).toEqual([]);
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: 0,
      owedMinor: 0,
    });
    await expectAgreement(world);
  }

  /** The seller got all but the refunded share, in one transfer. */
  async function expectRestSent(shop: Shop, transferId: string) {
    expect(await world.finished(`transfer/${transferId}`)).toEqual({ status: 'completed' });
    expect(sentTo(world, shop.seller.accountId)).toMatchObject([
      { amount: NET_MINOR - SHARE_MINOR, amount_reversed: 0 },
    ]);
    expect(await transferRow(world, transferId)).toMatchObject({
      status: 'completed',
      amountMinor: NET_MINOR - SHARE_MINOR,
      askedAmountMinor: NET_MINOR - SHARE_MINOR,
      reversedMinor: 0,
    });
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: NET_MINOR - SHARE_MINOR,
      owedMinor: 0,
    });
    await expectAgreement(world);
  }

  /** The whole was sent once, and the refunded share taken back once. */
  async function expectTakenBack(shop: Shop, transferId: string, refundId: string, shareMinor: number) {
    const reversal = await onlyReversal(world, refundId);
    expect(reversal.amountMinor).toBe(shareMinor);
    expect(await world.finished(`reversal/${reversal.id}`)).toEqual({ status: 'reversed' });
    expect(sentTo(world, shop.seller.accountId)).toMatchObject([
      { amount: NET_MINOR, amount_reversed: shareMinor },
    ]);
    expect(await transferRow(world, transferId)).toMatchObject({
      status: shareMinor === NET_MINOR ? 'reversed' : 'completed',
      amountMinor: NET_MINOR,
      reversedMinor: shareMinor,
    });
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: NET_MINOR - shareMinor,
      owedMinor: 0,
    });
    await expectAgreement(world);
  }

  describe('waiting for the seller’s account', () => {
    async function withoutAccount() {
      const shop = await openShop(world, { connected: false });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await until(
        () => transferRow(world, id),
        (row) => row.waitingFor === 'stripe_account',
      );
      return { shop, orderId, id };
    }

    it('whole: it ends permanently_failed with the reason "order refunded", and no call is made', async () => {
      const { shop, orderId, id } = await withoutAccount();
      await refunded(shop, orderId);
      await expectNothingSent(shop, id, 0);
    });

    it('in part: what is still to be sent is lowered', async () => {
      const { shop, orderId, id } = await withoutAccount();
      await refunded(shop, orderId, { amount: PART_MINOR });
      expect(await transferRow(world, id)).toMatchObject({
        status: 'pending',
        amountMinor: NET_MINOR - SHARE_MINOR,
      });
      await connect(world, shop.seller);
      await signal(world, `transfer/${id}`, 'retryNow');
      await expectRestSent(shop, id);
    });
  });

  describe('waiting for the platform’s balance', () => {
    async function withoutBalance() {
      const shop = await openShop(world);
      world.stripe.control.setPlatformBalance('usd', 0);
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await until(
        () => transferRow(world, id),
        (row) => row.waitingFor === 'platform_balance',
      );
      world.stripe.control.setPlatformBalance('usd', null);
      return { shop, orderId, id };
    }

    it('whole: no further call is made', async () => {
      const { shop, orderId, id } = await withoutBalance();
      await refunded(shop, orderId);
      await expectNothingSent(shop, id, 1);
    });

    it('in part: the rest goes out under a new key', async () => {
      const { shop, orderId, id } = await withoutBalance();
      await refunded(shop, orderId, { amount: PART_MINOR });
      await expectRestSent(shop, id);
      expect(keysOf(transferCalls(world, shop.seller.accountId))).toEqual([
        `transfer:${id}:1`,
        `transfer:${id}:2`,
      ]);
    });
  });

  describe('asked and unanswered', () => {
    async function unanswered() {
      const shop = await openShop(world);
      onTransfersTo(world, shop.seller.accountId, { kind: 'latency', delayMs: 4_000 });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await until(
        () => transferRow(world, id),
        (row) => row.askedAt !== null,
      );
      return { shop, orderId, id };
    }

    it.each([
      ['whole', {}, NET_MINOR],
      ['in part', { amount: PART_MINOR }, SHARE_MINOR],
    ])(
      '%s: the frozen amount is sent first, and its reversal made by the completing transaction',
      async (_, body, shareMinor) => {
        const { shop, orderId, id } = await unanswered();
        const refundId = await refunded(shop, orderId, body);
        expect(await transferRow(world, id)).toMatchObject({
          status: 'pending',
          amountMinor: NET_MINOR,
          askedAmountMinor: NET_MINOR,
          stripeTransferId: null,
        });
        expect(await world.reversalsOf(refundId)).toEqual([]);
        expect((await world.refund(refundId)).status).toBe('succeeded');
        await world.finished(`transfer/${id}`);
        await expectTakenBack(shop, id, refundId, shareMinor);
      },
    );

    it('two refunds in turn: each gets its own reversal', async () => {
      const { shop, orderId, id } = await unanswered();
      const first = await refunded(shop, orderId, { amount: PART_MINOR });
      const second = await refunded(shop, orderId);
      await world.finished(`transfer/${id}`);
      for (const [refundId, amountMinor] of [
        [first, SHARE_MINOR],
        [second, NET_MINOR - SHARE_MINOR],
      ] as const) {
        const reversal = await onlyReversal(world, refundId);
        expect(reversal.amountMinor).toBe(amountMinor);
        await world.finished(`reversal/${reversal.id}`);
      }
      expect(await transferRow(world, id)).toMatchObject({ status: 'reversed', reversedMinor: NET_MINOR });
      expect(sentTo(world, shop.seller.accountId)).toMatchObject([
        { amount: NET_MINOR, amount_reversed: NET_MINOR, reversed: true },
      ]);
      await expectAgreement(world);
    });
  });

  describe('failed and waiting, and Stripe may have it', () => {
    async function failed(trouble: 'dropBefore' | 'dropAfter') {
      const shop = await openShop(world);
      onTransfersTo(world, shop.seller.accountId, { kind: trouble });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await retryCount(id, 1);
      return { shop, orderId, id };
    }

    it.each([
      ['never arrived, whole', 'dropBefore', {}, NET_MINOR],
      ['never arrived, in part', 'dropBefore', { amount: PART_MINOR }, SHARE_MINOR],
      ['answer lost, whole', 'dropAfter', {}, NET_MINOR],
      ['answer lost, in part', 'dropAfter', { amount: PART_MINOR }, SHARE_MINOR],
    ] as const)(
      '%s: it completes under the same key and is then taken back',
      async (_, trouble, body, shareMinor) => {
        const { shop, orderId, id } = await failed(trouble);
        const refundId = await refunded(shop, orderId, body);
        expect(await world.reversalsOf(refundId)).toEqual([]);
        await signal(world, `transfer/${id}`, 'retryNow');
        await world.finished(`transfer/${id}`);
        expect(new Set(keysOf(transferCalls(world, shop.seller.accountId)))).toEqual(
          new Set([`transfer:${id}:1`]),
        );
        await expectTakenBack(shop, id, refundId, shareMinor);
      },
    );

    it.each([
      ['whole', {}],
      ['in part', { amount: PART_MINOR }],
    ])(
      'then refused for good, %s: once Stripe’s list shows nothing the refunded share is not sent',
      async (_, body) => {
        const { shop, orderId, id } = await failed('dropBefore');
        await refunded(shop, orderId, body);
        onTransfersTo(world, shop.seller.accountId, REFUSED);
        await signal(world, `transfer/${id}`, 'retryNow');
        if (!('amount' in body)) {
          await expectNothingSent(shop, id, 2);
          return;
        }
        await retryCount(id, 2);
        expect(await transferRow(world, id)).toMatchObject({
          status: 'failed',
          amountMinor: NET_MINOR - SHARE_MINOR,
          askedAt: null,
        });
        await signal(world, `transfer/${id}`, 'retryNow');
        await expectRestSent(shop, id);
      },
    );

    it('then refused while Stripe’s list cannot be read: the amount stays frozen', async () => {
      const { shop, orderId, id } = await failed('dropAfter');
      const refundId = await refunded(shop, orderId);
      onTransfersTo(world, shop.seller.accountId, {
        kind: 'status',
        status: 500,
        headers: { 'idempotent-replayed': 'true' },
      });
      onTransferSearches(world, orderId, { kind: 'status', status: 503 });
      await signal(world, `transfer/${id}`, 'retryNow');
      expect(await retryCount(id, 2)).toMatchObject({ status: 'failed', askedAmountMinor: NET_MINOR });
      await signal(world, `transfer/${id}`, 'retryNow');
      await world.finished(`transfer/${id}`);
      await expectTakenBack(shop, id, refundId, NET_MINOR);
    });
  });

  it.each([
    ['the whole of it, so that Stripe is not asked for it', undefined, []],
    ['a part of it, so that Stripe is asked for the rest alone', 5_000, ['4000']],
  ])(
    'unanswered, refunded, and reversed in Stripe’s dashboard: what the webhook said comes first, %s',
    async (_, reversedMinor, asked) => {
      const shop = await openShop(world);
      onTransfersTo(world, shop.seller.accountId, { kind: 'dropAfter' });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await retryCount(id, 1);
      const refundId = await refunded(shop, orderId);
      expect(await world.reversalsOf(refundId)).toEqual([]);
      const [sent] = sentTo(world, shop.seller.accountId);
      world.stripe.control.reverseInDashboard(sent!.id, reversedMinor);

      // Its wait of ten minutes ends, since the webhook says what the lost answer would have said.
      await world.finished(`transfer/${id}`);
      const reversal = await onlyReversal(world, refundId);
      // What is covered wholly never gets a workflow.
      if (asked.length > 0) await world.finished(`reversal/${reversal.id}`);
      expect(transferCalls(world, shop.seller.accountId)).toHaveLength(1);
      const calls = reversalCalls(world, sent!.id);
      expect(calls.map((call) => (call.body as { amount: string }).amount)).toEqual(asked);
      expect(await transferRow(world, id)).toMatchObject({
        status: 'reversed',
        stripeTransferId: sent!.id,
        reversedMinor: NET_MINOR,
      });
      expect(await reversalRow(world, reversal.id)).toMatchObject({
        status: 'reversed',
        coveredMinor: reversedMinor ?? NET_MINOR,
      });
      await expectAgreement(world);
    },
  );

  it('failed by a definite refusal: Stripe has nothing, so the refund lowers it at once', async () => {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, REFUSED);
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await retryCount(id, 1);
    await refunded(shop, orderId);
    await expectNothingSent(shop, id, 1);
  });

  it.each([
    ['whole', {}, NET_MINOR],
    ['in part', { amount: PART_MINOR }, SHARE_MINOR],
  ])('completed, %s: the share is taken back', async (_, body, shareMinor) => {
    const shop = await openShop(world);
    const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
    const { refundId } = await settledRefund(world, shop.buyer, orderId, body);
    await expectTakenBack(shop, transfers[0]!.id, refundId, shareMinor);
  });

  it('never asked, because no worker serves transfers yet: it ends without a call', async () => {
    const shop = await openShop(world);
    await world.stopWorker();
    await world.startWorker({ TRANSFER_RETRY_WORKER_ENABLED: 'false' });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await refunded(shop, orderId);
    expect(await transferRow(world, id)).toMatchObject({
      status: 'permanently_failed',
      errorMessage: 'order refunded',
      askedAt: null,
    });
    await world.stopWorker();
    await world.startWorker();
    await expectNothingSent(shop, id, 0);
  });

  it('one of two: only the refunded seller’s transfer is lowered', async () => {
    const shop = await openShop(world, { prices: [10_000, 5_000], connected: false });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const [first, second] = shop.sellers;
    const [item] = await world.database.db
      .select()
      .from(orderItems)
      .where(and(eq(orderItems.orderId, orderId), eq(orderItems.sellerId, first!.id)));
    await refunded(shop, orderId, { items: [item!.id] });
    for (const seller of shop.sellers) await connect(world, seller);
    const rows = await world.transfersOf(orderId);
    const rowOf = (sellerId: string) => rows.find((row) => row.sellerId === sellerId)!;
    expect(rowOf(first!.id)).toMatchObject({ status: 'permanently_failed', errorMessage: 'order refunded' });
    await signal(world, `transfer/${rowOf(second!.id).id}`, 'retryNow');
    await world.finished(`transfer/${rowOf(second!.id).id}`);
    expect(sentTo(world, first!.accountId)).toEqual([]);
    expect(sentTo(world, second!.accountId)).toMatchObject([{ amount: 4_500 }]);
    await expectAgreement(world);
  });
});
