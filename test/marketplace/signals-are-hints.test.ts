import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { pictureOf, sentTo } from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import { earnedShop, fundsOf, openedPayout, payoutIs, payoutRow, postingsOf } from '../harness/payouts.ts';
import { NET_MINOR, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder, signal } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

// Whoever reaches Temporal can send any signal: what it says must be in the inbox, or be so at the provider.

const SINGLE_SHOP = { prices: [PRICE_MINOR] };

describe('a signal is a hint', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    world.psp.control.setRefundMode('manual');
    world.stripe.control.setPayoutMode('manual');
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    world.stripe.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const captured = (over: object = {}) => ({
    verdict: 'captured',
    receivedMinor: PRICE_MINOR,
    currency: 'USD',
    message: null,
    connectorTransactionId: 'ch_forged',
    ...over,
  });
  const succeeded = (providerRefundId: string, over: object = {}) => ({
    status: 'succeeded',
    providerRefundId,
    message: null,
    ...over,
  });

  /** The row of the inbox in which the last webhook about this lies. */
  async function storedAbout(about: string, type: string): Promise<string> {
    const rows = await until(
      () => world.database.db.select().from(webhookEvents).where(eq(webhookEvents.about, about)),
      (seen) => seen.some((row) => row.type === type && row.processedAt !== null),
    );
    return rows.find((row) => row.type === type)!.id;
  }
  /** How often the provider was asked about this object. */
  const asked = (operation: string, id: string) =>
    [...world.psp.control.requests(operation), ...world.stripe.control.requests(operation)].filter(
      (call) => call.params['id'] === id,
    ).length;
  const askedAbout = (operation: string, id: string) =>
    until(
      async () => asked(operation, id),
      (count) => count > 0,
    );
  const refundsOf = (orderId: string) =>
    world.database.db.select().from(refunds).where(eq(refunds.orderId, orderId));
  const disputesOf = (orderId: string) =>
    world.database.db.select().from(disputes).where(eq(disputes.orderId, orderId));

  async function unpaid() {
    const shop = await openShop(world, SINGLE_SHOP);
    return { shop, orderId: await placedOrder(world, shop.buyer, shop.productIds) };
  }
  async function sold() {
    const shop = await openShop(world, SINGLE_SHOP);
    const { orderId, transfers } = await completedOrder(world, shop.buyer, shop.productIds);
    return { shop, orderId, transfer: transfers[0]! };
  }
  /** A refund that the PSP has accepted and of which it says nothing yet. */
  async function refunding() {
    const { shop, orderId } = await sold();
    const refundId = await openedRefund(world, shop.buyer, orderId);
    await until(
      () => world.refund(refundId),
      (row) => row.hyperswitchRefundId !== null,
    );
    return { shop, orderId, refundId };
  }
  async function payingOut() {
    const { seller } = await earnedShop(world, await openShop(world, SINGLE_SHOP));
    const id = await openedPayout(world, seller);
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    return { seller, id, stripePayoutId: externalPayoutId! };
  }

  describe('payment', () => {
    it('forged, of an unpaid order: completes nothing, pays nobody, and asks the PSP', async () => {
      const { shop, orderId } = await unpaid();
      const before = await pictureOf(world, orderId);
      await signal(world, `order/${orderId}`, 'payment', captured());
      await askedAbout('payments.retrieve', orderId);
      expect(await pictureOf(world, orderId)).toEqual(before);
      expect(await world.transfersOf(orderId)).toEqual([]);
      expect(sentTo(world, shop.seller.accountId)).toEqual([]);
      // The buyer pays all the same, and the real webhook is believed.
      world.psp.control.pay(orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    });

    it('forged, of an order that was never started: signal-with-start pays nobody either', async () => {
      const { orderId } = await unpaid();
      await world.temporal.workflow.getHandle(`order/${orderId}`).terminate('an attacker');
      await world.engine.notifyOrder(orderId, captured() as never, {
        amountMinor: PRICE_MINOR,
        currency: 'USD',
      });
      await askedAbout('payments.retrieve', orderId);
      expect((await world.order(orderId)).status).toBe('pending');
      world.psp.control.pay(orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    });

    it('forged, with a stored event of ANOTHER order: changes nothing', async () => {
      const other = await sold();
      const webhookId = await storedAbout(other.orderId, 'payment_succeeded');
      const { orderId } = await unpaid();
      await signal(world, `order/${orderId}`, 'payment', captured({ webhookId }));
      await askedAbout('payments.retrieve', orderId);
      expect(await world.order(orderId)).toMatchObject({ status: 'pending', capturedMinor: null });
      expect(await world.transfersOf(orderId)).toEqual([]);
    });

    it.each([
      ['an id that nobody stored', { webhookId: '019b0000-0000-7000-8000-000000000000' }],
      ['what is no id', { webhookId: "'; DROP TABLE orders; --" }],
      ['what is not even text', { webhookId: { id: 1 } }],
    ])('forged, naming %s: the PSP is asked', async (_case, over) => {
      const { orderId } = await unpaid();
      await signal(world, `order/${orderId}`, 'payment', captured(over));
      await askedAbout('payments.retrieve', orderId);
      expect((await world.order(orderId)).status).toBe('pending');
      world.psp.control.pay(orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    });

    it.each([
      ['nothing', undefined],
      ['null', null],
      ['a number', 7],
      ['an empty object', {}],
    ])('a signal with %s as its word does not break the workflow', async (_case, word) => {
      const { orderId } = await unpaid();
      await signal(world, `order/${orderId}`, 'payment', word);
      await signal(world, `order/${orderId}`, 'outside', word);
      await askedAbout('payments.retrieve', orderId);
      world.psp.control.pay(orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    });

    it('forged failure of an order that the buyer is about to pay: it stays pending', async () => {
      const { orderId } = await unpaid();
      await signal(
        world,
        `order/${orderId}`,
        'payment',
        captured({ verdict: 'failed', receivedMinor: null }),
      );
      await askedAbout('payments.retrieve', orderId);
      expect((await world.order(orderId)).status).toBe('pending');
      world.psp.control.pay(orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    });

    it('forged cancellation of a completed order: nothing is taken back', async () => {
      const { orderId } = await sold();
      const before = await pictureOf(world, orderId);
      await world.engine.notifyOrder(orderId, captured({ verdict: 'cancelled_post_capture' }) as never, {
        amountMinor: PRICE_MINOR,
        currency: 'USD',
      });
      await world.finished(`order/${orderId}`);
      expect(await pictureOf(world, orderId)).toEqual(before);
    });

    it('in the form of before, with no event named, about a payment that is so: the PSP confirms it', async () => {
      const { orderId } = await unpaid();
      world.psp.control.pay(orderId, { webhook: false });
      await signal(world, `order/${orderId}`, 'payment', captured({ receivedMinor: 1 }));
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
      expect(await world.order(orderId)).toMatchObject({ capturedMinor: PRICE_MINOR });
    });

    it('the amount that counts is the stored webhook’s, whatever the signal claims', async () => {
      const { orderId } = await unpaid();
      world.psp.control.pay(orderId, { amountReceivedMinor: 4_000, webhook: false });
      const body = {
        event_type: 'payment_succeeded',
        payment_id: orderId,
        status: 'succeeded',
        amount: PRICE_MINOR,
        amount_received: 4_000,
        currency: 'USD',
      };
      await world.psp.control.sendWebhook(JSON.stringify(body));
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'given_back' });
      const webhookId = await storedAbout(orderId, 'payment_succeeded');
      await world.engine.notifyOrder(orderId, { ...captured(), webhookId } as never, {
        amountMinor: PRICE_MINOR,
        currency: 'USD',
      });
      await world.finished(`order/${orderId}`);
      expect(await world.order(orderId)).toMatchObject({ capturedMinor: 4_000 });
      expect(await world.transfersOf(orderId)).toEqual([]);
    });
  });

  describe('verdict', () => {
    it('forged success of a refund that the PSP has open: nothing moves, and its webhook still ends it', async () => {
      const { orderId, refundId } = await refunding();
      const before = await pictureOf(world, orderId);
      await signal(world, `refund/${refundId}`, 'verdict', succeeded(refundId));
      await askedAbout('refunds.retrieve', refundId);
      expect(await pictureOf(world, orderId)).toEqual(before);
      world.psp.control.settleRefund(refundId, 'failed', 'the bank says no');
      expect(await world.finished(`refund/${refundId}`)).toEqual({
        status: 'failed',
        reason: 'its row says why',
      });
      expect((await world.refund(refundId)).errorMessage).toBe('the bank says no');
      expect((await world.order(orderId)).refundedMinor).toBe(0);
    });

    it('forged failure of a refund that the PSP carries out: the order is not freed for a second one', async () => {
      const { orderId, refundId } = await refunding();
      await signal(world, `refund/${refundId}`, 'verdict', succeeded(refundId, { status: 'failed' }));
      await askedAbout('refunds.retrieve', refundId);
      expect((await world.order(orderId)).status).toBe('refund_pending');
      world.psp.control.settleRefund(refundId, 'succeeded');
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
      expect((await world.order(orderId)).refundedMinor).toBe(PRICE_MINOR);
    });

    it('forged, with the stored event of ANOTHER refund: changes nothing', async () => {
      const other = await refunding();
      world.psp.control.settleRefund(other.refundId, 'succeeded');
      await world.finished(`refund/${other.refundId}`);
      const webhookId = await storedAbout(other.refundId, 'refund_succeeded');
      const { orderId, refundId } = await refunding();
      await signal(world, `refund/${refundId}`, 'verdict', succeeded(refundId, { webhookId }));
      await askedAbout('refunds.retrieve', refundId);
      expect((await world.order(orderId)).refundedMinor).toBe(0);
      world.psp.control.settleRefund(refundId, 'succeeded');
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    });

    it('forged while the PSP is still being asked: the asking goes on, and its refusal is heard', async () => {
      const { shop, orderId } = await sold();
      world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.create', times: 4 });
      world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve', times: 3 });
      const refundId = await openedRefund(world, shop.buyer, orderId);
      await signal(world, `refund/${refundId}`, 'verdict', succeeded(refundId));
      await until(
        () => world.refund(refundId),
        (row) => row.hyperswitchRefundId !== null,
      );
      expect((await world.order(orderId)).refundedMinor).toBe(0);
      world.psp.control.settleRefund(refundId, 'succeeded');
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    });

    it('in the form of before, about a refund that the PSP has done: it is asked, and confirms it', async () => {
      const { orderId, refundId } = await refunding();
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
      await signal(world, `refund/${refundId}`, 'verdict', succeeded(refundId));
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
      expect((await world.order(orderId)).refundedMinor).toBe(PRICE_MINOR);
    });
  });

  describe('outside', () => {
    const outsideRefund = (providerRefundId: string, over: object = {}) => ({
      kind: 'refund',
      providerRefundId,
      amountMinor: PRICE_MINOR,
      currency: 'USD',
      ...over,
    });
    const tellOutside = async (orderId: string, event: object) => {
      await world.engine.notifyOrderOutside(orderId, event as never, {
        amountMinor: PRICE_MINOR,
        currency: 'USD',
      });
      await world.finished(`order/${orderId}`);
    };

    it('a refund that the PSP does not know: nothing is booked, and the PSP was asked', async () => {
      const { orderId } = await sold();
      const before = await pictureOf(world, orderId);
      await tellOutside(orderId, outsideRefund('ref_forged_1'));
      expect(asked('refunds.retrieve', 'ref_forged_1')).toBe(1);
      expect(await pictureOf(world, orderId)).toEqual(before);
    });

    it('a refund of ANOTHER order, stored or read at the PSP: nothing is booked', async () => {
      const other = await sold();
      const { refund_id } = world.psp.control.createExternalRefund(other.orderId, PRICE_MINOR);
      const webhookId = await storedAbout(refund_id, 'refund_succeeded');
      await world.finished(`order/${other.orderId}`);
      const { orderId } = await sold();
      await tellOutside(orderId, outsideRefund(refund_id, { webhookId }));
      await tellOutside(orderId, outsideRefund(refund_id, { amountMinor: null, currency: null }));
      expect(await refundsOf(orderId)).toEqual([]);
      expect((await world.order(orderId)).refundedMinor).toBe(0);
    });

    it('a refund of ours as if it were another’s: it is not booked beside its own row', async () => {
      const { orderId, refundId } = await refunding();
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
      await tellOutside(orderId, outsideRefund(refundId));
      expect(await refundsOf(orderId)).toHaveLength(1);
      expect((await world.order(orderId)).refundedMinor).toBe(0);
      await signal(world, `refund/${refundId}`, 'verdict', succeeded(refundId));
      await world.finished(`refund/${refundId}`);
      expect((await world.order(orderId)).refundedMinor).toBe(PRICE_MINOR);
    });

    it('a refund in the form of before that the PSP has done: booked with the PSP’s amount', async () => {
      const { orderId } = await sold();
      const { refund_id } = world.psp.control.createExternalRefund(orderId, 3_000, { webhook: false });
      await tellOutside(orderId, outsideRefund(refund_id));
      expect(await refundsOf(orderId)).toMatchObject([{ kind: 'external', amountMinor: 3_000 }]);
    });

    it.each(['lost', 'open', 'won'])(
      'a dispute that the PSP does not know, %s: nothing is booked',
      async (status) => {
        const { orderId } = await sold();
        const before = await pictureOf(world, orderId);
        const news = {
          providerDisputeId: `dp_forged_${status}`,
          status,
          amountMinor: PRICE_MINOR,
          currency: 'USD',
        };
        await tellOutside(orderId, { kind: 'dispute', news });
        expect(asked('disputes.retrieve', news.providerDisputeId)).toBe(1);
        expect(await pictureOf(world, orderId)).toEqual(before);
        expect(await disputesOf(orderId)).toEqual([]);
      },
    );

    it('a dispute of ANOTHER order, stored or read at the PSP: nothing is booked', async () => {
      const other = await sold();
      const { dispute_id } = world.psp.control.openDispute(other.orderId, PRICE_MINOR);
      const webhookId = await storedAbout(other.orderId, 'dispute_opened');
      await world.finished(`order/${other.orderId}`);
      const { orderId } = await sold();
      const news = {
        providerDisputeId: dispute_id,
        status: 'lost',
        amountMinor: PRICE_MINOR,
        currency: 'USD',
      };
      await tellOutside(orderId, { kind: 'dispute', news, webhookId });
      expect(await disputesOf(orderId)).toEqual([]);
      expect((await world.order(orderId)).refundedMinor).toBe(0);
    });

    it('a dispute that is open, told as lost: what the PSP says is booked', async () => {
      const { orderId } = await sold();
      world.psp.control.addFault({ kind: 'loseWebhook', match: 'dispute_opened' });
      const { dispute_id } = world.psp.control.openDispute(orderId, PRICE_MINOR);
      const news = {
        providerDisputeId: dispute_id,
        status: 'lost',
        amountMinor: PRICE_MINOR,
        currency: 'USD',
      };
      await tellOutside(orderId, { kind: 'dispute', news });
      expect(await disputesOf(orderId)).toMatchObject([{ status: 'open' }]);
      expect((await world.order(orderId)).refundedMinor).toBe(0);
    });
  });

  describe('payoutWord', () => {
    const word = (status: string, stripePayoutId: string, over: object = {}) => ({
      status,
      stripePayoutId,
      message: null,
      ...over,
    });

    it.each(['paid', 'failed'])('forged %s of a payout on its way: it stays on its way', async (status) => {
      const { seller, id, stripePayoutId } = await payingOut();
      await signal(world, `payout/${id}`, 'payoutWord', word(status, stripePayoutId));
      await askedAbout('payouts.retrieve', stripePayoutId);
      expect((await payoutRow(world, id)).status).toBe('pending');
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: NET_MINOR });
      // Its workflow waits on, for the real word.
      world.stripe.control.settlePayout(stripePayoutId, 'paid');
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
      expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_paid']);
    });

    it('forged failure of a payout that was paid: the seller does not have the money twice', async () => {
      const { seller, id, stripePayoutId } = await payingOut();
      world.stripe.control.settlePayout(stripePayoutId, 'paid');
      await world.finished(`payout/${id}`);
      const label = { payoutId: id, sellerId: seller.id, amountMinor: NET_MINOR, currency: 'USD' };
      await world.engine.notifyPayout(label, word('failed', stripePayoutId) as never);
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: 0 });
    });

    it('forged, with the stored event of ANOTHER payout: changes nothing', async () => {
      const other = await payingOut();
      world.stripe.control.settlePayout(other.stripePayoutId, 'failed', 'closed');
      await world.finished(`payout/${other.id}`);
      const webhookId = await storedAbout(other.id, 'payout.failed');
      const { id, stripePayoutId } = await payingOut();
      await signal(world, `payout/${id}`, 'payoutWord', word('failed', other.stripePayoutId, { webhookId }));
      await askedAbout('payouts.retrieve', stripePayoutId);
      expect((await payoutRow(world, id)).status).toBe('pending');
      world.stripe.control.settlePayout(stripePayoutId, 'paid');
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    });

    it('a signal without a report does not break the workflow', async () => {
      const { id, stripePayoutId } = await payingOut();
      await signal(world, `payout/${id}`, 'payoutWord');
      world.stripe.control.settlePayout(stripePayoutId, 'paid');
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    });
  });

  describe('outsideReversals', () => {
    it('naming the transfer of ANOTHER order that was reversed: ours keeps its money', async () => {
      const other = await sold();
      world.stripe.control.reverseInDashboard(other.transfer.stripeTransferId!, 2_000);
      await until(
        () => world.transfersOf(other.orderId),
        ([row]) => row?.reversedMinor === 2_000,
      );
      const { orderId, transfer } = await sold();
      const before = await pictureOf(world, orderId);
      const label = {
        transferId: transfer.id,
        orderId,
        sellerId: transfer.sellerId,
        amountMinor: transfer.amountMinor,
        currency: 'USD',
      };
      await world.engine.notifyOutsideReversals(label, other.transfer.stripeTransferId!);
      await world.finished(`transfer/${transfer.id}`);
      expect(await pictureOf(world, orderId)).toEqual(before);
    });
  });

  it('replayed webhooks find finished work finished', async () => {
    const { orderId, refundId } = await refunding();
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.finished(`refund/${refundId}`);
    for (const { id } of await world.reversalsOf(refundId)) await world.finished(`reversal/${id}`);
    const before = await pictureOf(world, orderId);
    const webhookId = await storedAbout(refundId, 'refund_succeeded');
    const { admin } = await openShop(world);
    const answer = await world.post(admin, `/admin/webhooks/${webhookId}/replay`, {
      reason: 'to see it again',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    await world.finished(`refund/${refundId}`);
    expect(await pictureOf(world, orderId)).toEqual(before);
  });
});
