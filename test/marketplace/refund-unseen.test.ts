import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { refundsOf } from '../harness/read.ts';
import { adopted, attempted, eventually } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { landedAtThePsp } from '../reconcile/support.ts';
import { completedOrder, openedRefund, placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

const PRICE_MINOR = 12_000;
/** Longer than any test: the read side is behind until told. */
const UNTIL_TOLD = { lagMs: 86_400_000, times: 'always' } as const;
const BEHIND_MS = 5_000;

describe('a refund of which the PSP does not tell all', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create({ env: { PSP_READ_LAG: `${BEHIND_MS}ms` } });
    shop = await openShop(world, { prices: [PRICE_MINOR] });
  });
  beforeEach(() => world.psp.control.setRefundMode('manual'));
  afterEach(async () => {
    world.psp.control.clearFaults();
    await world.psp.control.idle();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const bought = async () => (await completedOrder(world, shop.buyer, shop.productIds)).orderId;
  const creates = (refundId: string) =>
    world.psp.control
      .requests('refunds.create')
      .filter((request) => (request.body as { refund_id?: string }).refund_id === refundId)
      .map((request) => request.status);

  /** The first call acts and its answer is lost, and so is the look-up after it; from then on reads are behind. */
  const actedUnseen = () => {
    world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve' });
    world.psp.control.addFault({ kind: 'readLag', match: /refunds\.(retrieve|list)/, ...UNTIL_TOLD });
  };

  async function expectStillAsked(orderId: string, refundId: string) {
    await attempted(world, `refund/${refundId}`, 3);
    expect(await world.refund(refundId)).toMatchObject({ status: 'pending', errorMessage: null });
    const second = await world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, { amount: 3_000 });
    expect(second.body).toMatchObject({ status: 400, code: 'refund_already_requested' });
  }

  async function expectPaidOnce(orderId: string, refundId: string, amountMinor: number) {
    await adopted(world, refundId);
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(world.psp.control.refunds(orderId)).toMatchObject([{ refund_id: refundId, amount: amountMinor }]);
    expect((await world.order(orderId)).refundedMinor).toBe(amountMinor);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
  }

  it('HE_01 and then not found: it exists, so the outcome is unknown until the PSP shows it', async () => {
    const orderId = await bought();
    actedUnseen();
    const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
    await expectStillAsked(orderId, refundId);
    expect(creates(refundId).slice(0, 2)).toEqual([200, 400]);
    world.psp.control.clearFaults();
    await expectPaidOnce(orderId, refundId, 3_000);
  });

  it('IR_13 of the whole and then not found: nothing that is shown explains it, so it may be ours', async () => {
    const orderId = await bought();
    actedUnseen();
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await expectStillAsked(orderId, refundId);
    // Also once the read side has had its time.
    const { createdAt } = await world.refund(refundId);
    await eventually(() => expect(Date.now() - createdAt.getTime()).toBeGreaterThan(BEHIND_MS));
    const sofar = creates(refundId).length;
    await eventually(() => expect(creates(refundId).length).toBeGreaterThan(sofar + 1));
    expect((await world.refund(refundId)).status).toBe('pending');
    world.psp.control.clearFaults();
    await expectPaidOnce(orderId, refundId, PRICE_MINOR);
  });

  it('IR_13 while only the list shows it: adopted', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve' });
    world.psp.control.addFault({ kind: 'readLag', match: 'refunds.retrieve', ...UNTIL_TOLD });
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await expectPaidOnce(orderId, refundId, PRICE_MINOR);
  });

  it.each(['IR_12', 'IR_14', 'IR_06', 'HE_02', 'CE_00'])(
    '%s after a call that may have acted, and then not found: not believed while the read side may be behind',
    async (code) => {
      const orderId = await bought();
      world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
      // The look after it takes its time, in which the PSP changes its mind.
      world.psp.control.addFault({ kind: 'latency', match: 'refunds.retrieve', delayMs: 500 });
      world.psp.control.addFault({ kind: 'readLag', match: /refunds\.(retrieve|list)/, ...UNTIL_TOLD });
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      await eventually(() => expect(creates(refundId)).toHaveLength(1));
      world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code, times: 'always' });
      await expectStillAsked(orderId, refundId);
      world.psp.control.clearFaults();
      await expectPaidOnce(orderId, refundId, 3_000);
    },
  );

  it.each(['IR_14', 'IR_06'])(
    '%s after a call that did not act: believed once the read side has had its time',
    async (code) => {
      const orderId = await bought();
      world.psp.control.addFault({ kind: 'dropBefore', match: 'refunds.create' });
      world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code, times: 'always' });
      const askedAtMs = Date.now();
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(Date.now() - askedAtMs).toBeGreaterThanOrEqual(BEHIND_MS);
      expect((await world.order(orderId)).status).toBe('completed');
    },
  );

  it('IR_13 while the list still shows another as pending that has failed: not believed, it made the room', async () => {
    const orderId = await bought();
    const other = uuidv7();
    await landedAtThePsp(world, { id: other, orderId, amountMinor: 10_000 });
    world.psp.control.ageRefund(other, 1);
    world.psp.control.settleRefund(other, 'failed', 'no', { webhook: false });
    world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve' });
    const anHour = { lagMs: 3_600_000, times: 'always' } as const;
    world.psp.control.addFault({ kind: 'readLag', match: /refunds\.(retrieve|list)/, ...anHour });
    const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 7_000 });
    await expectStillAsked(orderId, refundId);
    expect(creates(refundId).slice(0, 2)).toEqual([200, 400]);
    world.psp.control.clearFaults();
    await adopted(world, refundId);
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect((await world.order(orderId)).refundedMinor).toBe(7_000);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
  });

  it('a payment id that exists (HE_01) and then not found: the order is not failed', async () => {
    world.psp.control.addFault({ kind: 'dropAfter', match: 'payments.create' });
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'payments.retrieve' });
    world.psp.control.addFault({ kind: 'readLag', match: 'payments.retrieve', lagMs: 86_400_000, times: 3 });
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    expect(await world.order(orderId)).toMatchObject({ status: 'pending', failureReason: null });
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
  });

  describe('whose payment was refunded in the PSP’s dashboard, and the webhook lost', () => {
    const behindOurBack = { webhook: false } as const;

    async function expectSellersPaidBack(orderId: string, netMinor: number) {
      for (const refund of await refundsOf(world, orderId)) {
        for (const { id } of await world.reversalsOf(refund.id)) await world.finished(`reversal/${id}`);
      }
      expect(await world.transfersOf(orderId)).toMatchObject([{ reversedMinor: netMinor }]);
    }

    it('IR_13: what was refunded there is booked, and ours fails with the PSP’s words', async () => {
      const orderId = await bought();
      const { refund_id: outsideId } = world.psp.control.createExternalRefund(
        orderId,
        PRICE_MINOR,
        behindOurBack,
      );
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      const message = 'The refund amount exceeds the amount captured';
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'failed', reason: message });
      expect(await refundsOf(world, orderId)).toMatchObject([
        { id: refundId, status: 'failed', errorMessage: message },
        {
          kind: 'external',
          status: 'succeeded',
          amountMinor: PRICE_MINOR,
          excessMinor: 0,
          hyperswitchRefundId: outsideId,
        },
      ]);
      expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
      await expectSellersPaidBack(orderId, 10_800);
      // The webhook that comes after all finds it booked.
      world.psp.control.settleRefund(outsideId, 'succeeded');
      await world.psp.control.idle();
      await world.finished(`order/${orderId}`);
      expect((await world.order(orderId)).refundedMinor).toBe(PRICE_MINOR);
      expect(await refundsOf(world, orderId)).toHaveLength(2);
    });

    it('IR_12: each of eleven refunds is booked', async () => {
      const orderId = await bought();
      for (let n = 0; n < 11; n += 1) world.psp.control.createExternalRefund(orderId, 100, behindOurBack);
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(await world.order(orderId)).toMatchObject({
        status: 'partially_refunded',
        refundedMinor: 1_100,
      });
      await expectSellersPaidBack(orderId, 990);
    });

    it('what the dashboard has not settled or what failed there is not booked', async () => {
      const orderId = await bought();
      const failed = world.psp.control.createExternalRefund(orderId, 4_000, behindOurBack);
      world.psp.control.settleRefund(failed.refund_id, 'failed', 'no', behindOurBack);
      world.psp.control.createExternalRefund(orderId, 10_000, behindOurBack);
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(await world.order(orderId)).toMatchObject({
        status: 'partially_refunded',
        refundedMinor: 10_000,
      });
      await expectSellersPaidBack(orderId, 9_000);
    });

    it('a list that cannot be read decides nothing', async () => {
      const orderId = await bought();
      world.psp.control.createExternalRefund(orderId, PRICE_MINOR, behindOurBack);
      world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.list', times: 2 });
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(world.psp.control.faults()).toEqual([]);
      expect((await world.order(orderId)).status).toBe('refunded');
      await expectSellersPaidBack(orderId, 10_800);
    });

    it('IR_14 of a payment that was cancelled after its capture: settled as that', async () => {
      const orderId = await bought();
      world.psp.control.cancelPostCapture(orderId, behindOurBack);
      const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
      await expectSellersPaidBack(orderId, 10_800);
    });
  });
});
