import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eq } from 'drizzle-orm';
import { licenses, orderItems } from '../../db/marketplace/orders/schema.ts';
import { opsFlags } from '../../db/kernel/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder, settledRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('money that leaves without us asking', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
  });
  afterAll(() => world.close());

  const refundsOf = (orderId: string) =>
    world.database.db.select().from(refunds).where(eq(refunds.orderId, orderId)).orderBy(refunds.createdAt);
  const flagsOf = async (orderId: string) =>
    (
      await world.database.db
        .select()
        .from(opsFlags)
        .where(eq(opsFlags.subject, `order/${orderId}`))
    ).map((flag) => flag.kind);
  const revoked = async (orderId: string) =>
    (
      await world.database.db
        .select({ revokedAt: licenses.revokedAt })
        .from(licenses)
        .innerJoin(orderItems, eq(orderItems.id, licenses.orderItemId))
        .where(eq(orderItems.orderId, orderId))
    ).map((license) => license.revokedAt !== null);

  /** Waits until the order's workflow, which the webhook started, has booked what came. */
  async function told(orderId: string): Promise<void> {
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    for (const refund of await refundsOf(orderId)) {
      for (const reversal of await world.reversalsOf(refund.id))
        await world.finished(`reversal/${reversal.id}`);
    }
  }

  it('an external refund is recorded as such, inserted succeeded, and settled like ours', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [
      people.products[0]!.id,
      people.products[2]!.id,
    ]);
    const total = (await world.order(orderId)).totalMinor;
    world.psp.control.createExternalRefund(orderId, total);
    await told(orderId);
    const [refund, ...others] = await refundsOf(orderId);
    expect(others).toEqual([]);
    expect(refund).toMatchObject({
      kind: 'external',
      status: 'succeeded',
      amountMinor: total,
      excessMinor: 0,
    });
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: total });
    expect((await world.transfersOf(orderId)).map((transfer) => transfer.status)).toEqual([
      'reversed',
      'reversed',
    ]);
    expect(await revoked(orderId)).toEqual([true, true]);
    await expectCleanBooks(world);
  });

  it('a part of it leaves the order partially refunded, its licences untouched', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.createExternalRefund(orderId, 1_000);
    await told(orderId);
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 1_000 });
    expect((await world.transfersOf(orderId))[0]).toMatchObject({ status: 'completed', reversedMinor: 900 });
    expect(await revoked(orderId)).toEqual([false]);
    await expectCleanBooks(world);
  });

  it('a hundred deliveries of it are booked once', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.addFault({ kind: 'duplicateWebhook', match: 'refund_succeeded', count: 99 });
    world.psp.control.createExternalRefund(orderId, 500);
    await told(orderId);
    expect(await refundsOf(orderId)).toHaveLength(1);
    expect((await world.order(orderId)).refundedMinor).toBe(500);
    await expectCleanBooks(world);
  });

  it('one that arrives while one of ours is open does not break it, and takes its shares last', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.setRefundMode('manual');
    const refundId = await openedRefund(world, people.buyer, orderId, { amount: 2_000 });
    await world.psp.control.waitForRequest(
      (call) => call.operation === 'refunds.create' && call.outcome !== 'open',
    );
    world.psp.control.createExternalRefund(orderId, 3_000);
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    expect(await world.order(orderId)).toMatchObject({ status: 'refund_pending', refundedMinor: 3_000 });
    world.psp.control.settleRefund(refundId, 'succeeded');
    world.psp.control.setRefundMode('auto');
    await world.finished(`refund/${refundId}`);
    await told(orderId);
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 5_000 });
    expect((await world.refund(refundId)).excessMinor).toBe(0);
    await expectCleanBooks(world);
  });

  it('what two refunds took beyond the captured amount is the platform’s loss, and no item’s', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    const total = (await world.order(orderId)).totalMinor;
    world.psp.control.setRefundMode('manual');
    const refundId = await openedRefund(world, people.buyer, orderId, { amount: 2_000 });
    await world.psp.control.waitForRequest(
      (call) =>
        call.operation === 'refunds.create' &&
        call.outcome !== 'open' &&
        JSON.stringify(call.body).includes(refundId),
    );
    // Somebody at the dashboard gives everything back, although one of ours is under way.
    const body = {
      event_type: 'refund.succeeded',
      refund_id: `ref_${refundId}`,
      payment_id: orderId,
      status: 'succeeded',
      amount: total,
      currency: 'EUR',
    };
    await world.psp.control.sendWebhook(JSON.stringify(body));
    await world.finished(`order/${orderId}`);
    world.psp.control.settleRefund(refundId, 'succeeded');
    world.psp.control.setRefundMode('auto');
    await world.finished(`refund/${refundId}`);
    await told(orderId);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: total });
    expect(await world.refund(refundId)).toMatchObject({ status: 'succeeded', excessMinor: 2_000 });
    await expectCleanBooks(world);
  });

  it('one of an order still pending waits for the payment’s event', async () => {
    const orderId = await placedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.pay(orderId, { webhook: false });
    world.psp.control.createExternalRefund(orderId, 700);
    await world.psp.control.idle();
    expect(await refundsOf(orderId)).toEqual([]);
    const total = (await world.order(orderId)).totalMinor;
    const paid = {
      event_type: 'payment.succeeded',
      payment_id: orderId,
      status: 'succeeded',
      amount_received: total,
      currency: 'EUR',
    };
    await world.psp.control.sendWebhook(JSON.stringify(paid));
    await world.finished(`order/${orderId}`);
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 700 });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
    await told(orderId);
    await expectCleanBooks(world);
  });

  describe('one whose late payment nobody has told us of', () => {
    /** The order has failed, the payment was captured after that, and its event is not here yet. */
    async function latePayment() {
      const orderId = await placedOrder(world, people.buyer, [people.products[2]!.id]);
      world.psp.control.fail(orderId);
      await world.finished(`order/${orderId}`);
      const { amount } = world.psp.control.pay(orderId, { webhook: false });
      return { orderId, total: amount };
    }
    /** The payment's event comes after all. */
    const tellPayment = async (orderId: string) => {
      const { amount: paid, currency } = world.psp.control.payment(orderId);
      const said = { payment_id: orderId, status: 'succeeded', amount_received: paid, currency };
      await world.psp.control.sendWebhook(JSON.stringify({ event_type: 'payment.succeeded', ...said }));
      await told(orderId);
    };
    const atThePsp = (orderId: string) =>
      world.psp.control.refunds(orderId).map(({ status, amount }) => [status, amount]);

    it('is booked with the payment, which is read at the PSP, and the rest is given back', async () => {
      const { orderId, total } = await latePayment();
      world.psp.control.createExternalRefund(orderId, 700);
      await told(orderId);
      const [outside, rest] = (await refundsOf(orderId)).toSorted((a, b) => a.amountMinor - b.amountMinor);
      expect(outside).toMatchObject({
        kind: 'external',
        status: 'succeeded',
        amountMinor: 700,
        excessMinor: 0,
      });
      expect(rest).toMatchObject({ kind: 'payment_returned', amountMinor: total - 700 });
      expect(await world.finished(`refund/${rest!.id}`)).toEqual({ status: 'succeeded' });
      const settled = { status: 'refunded', capturedMinor: total, refundedMinor: total, completedAt: null };
      expect(await world.order(orderId)).toMatchObject(settled);
      expect(atThePsp(orderId)).toEqual([
        ['succeeded', 700],
        ['succeeded', total - 700],
      ]);
      await tellPayment(orderId);
      expect(await world.order(orderId)).toMatchObject(settled);
      expect(await refundsOf(orderId)).toHaveLength(2);
      expect(await flagsOf(orderId)).toEqual(['late_payment']);
      await expectCleanBooks(world);
    });

    it('of the whole: nothing is left to be given back', async () => {
      const { orderId, total } = await latePayment();
      world.psp.control.createExternalRefund(orderId, total);
      await told(orderId);
      await tellPayment(orderId);
      expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: total });
      expect(await refundsOf(orderId)).toMatchObject([{ kind: 'external', status: 'succeeded' }]);
      expect(atThePsp(orderId)).toEqual([['succeeded', total]]);
      await expectCleanBooks(world);
    });

    it('and that the PSP does not know either is left to a person', async () => {
      const orderId = await placedOrder(world, people.buyer, [people.products[2]!.id]);
      world.psp.control.fail(orderId);
      await world.finished(`order/${orderId}`);
      const body = { refund_id: 'ref_of_nothing', payment_id: orderId, amount: 700, currency: 'EUR' };
      const event = { event_type: 'refund.succeeded', status: 'succeeded', ...body };
      await world.psp.control.sendWebhook(JSON.stringify(event));
      await told(orderId);
      expect(await refundsOf(orderId)).toEqual([]);
      expect(await world.order(orderId)).toMatchObject({ status: 'failed', capturedMinor: null });
      expect(await flagsOf(orderId)).toEqual(['outside_refund_unbooked']);
      await expectCleanBooks(world);
    });
  });

  it('an event without its amount is read at the PSP before anything is booked', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    const made = world.psp.control.createExternalRefund(orderId, 400, { webhook: false });
    const flat = {
      event_type: 'refund.succeeded',
      refund_id: made.refund_id,
      payment_id: orderId,
      status: 'succeeded',
    };
    await world.psp.control.sendWebhook(JSON.stringify(flat));
    await told(orderId);
    expect((await world.order(orderId)).refundedMinor).toBe(400);
    await expectCleanBooks(world);
  });

  it('a payment cancelled after its capture settles like an external refund of all that was left', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    await settledRefund(world, people.buyer, orderId, { amount: 1_500 });
    world.psp.control.cancelPostCapture(orderId);
    await told(orderId);
    const order = await world.order(orderId);
    expect(order).toMatchObject({ status: 'refunded', refundedMinor: order.totalMinor });
    await expectCleanBooks(world);
  });
});

describe('REFUND_FEE_POLICY=keep', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create({ env: { REFUND_FEE_POLICY: 'keep' } });
    people = await openCatalog(world);
  });
  afterAll(() => world.close());

  const refundsOf = (orderId: string) =>
    world.database.db.select().from(refunds).where(eq(refunds.orderId, orderId));
  const balance = async (person: { token: string; id: string; role: 'artist' | 'producer' }) =>
    (await world.get(person as Catalog['ben'], '/sellers/me/balance')).body['balances']![0];

  it('leaves the fee, and the next transfer of the seller nets it with a reversal', async () => {
    const first = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    const { refundId } = await settledRefund(world, people.buyer, first.orderId);
    expect((await world.transfersOf(first.orderId))[0]).toMatchObject({
      status: 'reversed',
      reversedMinor: 10_800,
    });
    expect(await balance(people.ben as never)).toMatchObject({ fees_owed: 1_200, available: 0, owed: 0 });
    await expectCleanBooks(world);

    const second = await completedOrder(world, people.buyer, [people.products[3]!.id]);
    for (const reversal of await world.reversalsOf(refundId)) await world.finished(`reversal/${reversal.id}`);
    const [transfer] = await world.transfersOf(second.orderId);
    expect(transfer).toMatchObject({ status: 'completed', amountMinor: 1_799, reversedMinor: 1_200 });
    expect(await balance(people.ben as never)).toMatchObject({ fees_owed: 0, available: 599 });
    await expectCleanBooks(world);
  });

  it('a lost dispute whose kept fee a later transfer has paid is won: the fee comes back with the share', async () => {
    const before = await balance(people.ben as never);
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    const { dispute_id: disputeId } = world.psp.control.openDispute(orderId);
    const ended = async () => {
      await world.psp.control.idle();
      await world.finished(`order/${orderId}`);
      for (const { id } of await refundsOf(orderId))
        for (const reversal of await world.reversalsOf(id)) await world.finished(`reversal/${reversal.id}`);
      for (const { id } of await world.transfersOf(orderId)) await world.finished(`transfer/${id}`);
    };
    world.psp.control.closeDispute(disputeId, 'lost');
    await ended();
    const later = await completedOrder(world, people.buyer, [people.products[3]!.id]);
    await ended();
    expect((await world.transfersOf(later.orderId))[0]).toMatchObject({ reversedMinor: 1_200 });
    world.psp.control.closeDispute(disputeId, 'won');
    await ended();
    expect(await refundsOf(orderId)).toMatchObject([{ kind: 'dispute', status: 'returned' }]);
    // Both orders stand: 108.00 and 17.99 are theirs, the fee that had been netted among them.
    expect((await balance(people.ben as never))!['available']).toBe(before!['available']! + 10_800 + 1_799);
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    await expectCleanBooks(world);
  });
});
