import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks, posted, postings } from '../harness/books.ts';
import { flagsOf, licensesOf, pictureOf, refundsOf } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { delivered, eventually } from '../harness/wait.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('a payment that its order cannot take is given back', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const placed = () => placedOrder(world, people.buyer, [people.products[0]!.id, people.products[2]!.id]);

  async function expectGivenBack(orderId: string, captured: { amountMinor: number; currency: string }) {
    const [refund, ...others] = await refundsOf(world, orderId);
    expect(others).toEqual([]);
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
    expect(await world.refund(refund!.id)).toMatchObject({
      kind: 'payment_returned',
      status: 'succeeded',
      ...captured,
    });
    expect(world.psp.control.refunds(orderId)).toMatchObject([
      { refund_id: refund!.id, amount: captured.amountMinor, status: 'succeeded' },
    ]);
    expect(await world.order(orderId)).toMatchObject({
      capturedMinor: captured.amountMinor,
      capturedCurrency: captured.currency,
      completedAt: null,
      refundedMinor: captured.amountMinor,
    });
    expect(await licensesOf(world, orderId)).toEqual([]);
    expect(await world.transfersOf(orderId)).toEqual([]);
    expect(await posted(world, orderId, 'suspense:order')).toBe(0);
    expect(await posted(world, orderId, 'cash:psp')).toBe(0);
    expect(await postings(world, orderId, 'payment_suspended')).toBe(1);
  }

  it.each([
    ['less', { amountReceivedMinor: 14_499 }, { amountMinor: 14_499, currency: 'EUR' }],
    ['more', { amountReceivedMinor: 14_501 }, { amountMinor: 14_501, currency: 'EUR' }],
    ['another currency', { currency: 'USD' }, { amountMinor: 14_500, currency: 'USD' }],
    [
      'partially captured',
      { status: 'partially_captured', amountReceivedMinor: 9_000 },
      { amountMinor: 9_000, currency: 'EUR' },
    ],
  ] as const)(
    'another amount or currency (%s): failed "amount differs", given back, flagged',
    async (_, paid, captured) => {
      const orderId = await placed();
      world.psp.control.setRefundMode('manual');
      world.psp.control.pay(orderId, paid);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'given_back' });
      expect(await world.order(orderId)).toMatchObject({
        status: 'refund_pending',
        failureReason: 'amount differs',
      });
      expect(await flagsOf(world, `order/${orderId}`)).toEqual(['amount_differs']);
      expect(await posted(world, orderId, 'suspense:order')).toBe(-captured.amountMinor);
      const [refund] = await refundsOf(world, orderId);
      await world.psp.control.waitForRequest(
        (request) => request.operation === 'refunds.create' && request.outcome === 'answered',
      );
      await eventually(() => world.psp.control.refund(refund!.id));
      world.psp.control.settleRefund(refund!.id, 'succeeded');
      world.psp.control.setRefundMode('auto');
      await expectGivenBack(orderId, captured);
      expect((await world.order(orderId)).failureReason).toBe('amount differs');
      const asked = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {});
      expect(asked.body['code']).toBe('order_not_refundable');
    },
  );

  it('succeeded after failed: never kept without an order, given back in the same way', async () => {
    const orderId = await placed();
    world.psp.control.fail(orderId);
    await world.finished(`order/${orderId}`);
    expect((await world.order(orderId)).status).toBe('failed');
    world.psp.control.pay(orderId);
    await delivered(world, orderId, 'payment_succeeded');
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'given_back' });
    await expectGivenBack(orderId, { amountMinor: 14_500, currency: 'EUR' });
    expect(await flagsOf(world, `order/${orderId}`)).toEqual(['late_payment']);
    expect((await world.order(orderId)).failureReason).toBe('Your card was declined.');
  });

  it('succeeded after failed, replayed: given back once', async () => {
    const orderId = await placed();
    world.psp.control.cancel(orderId);
    await world.finished(`order/${orderId}`);
    world.psp.control.addFault({ kind: 'duplicateWebhook', match: 'payment_succeeded', count: 4 });
    world.psp.control.pay(orderId);
    await delivered(world, orderId, 'payment_succeeded');
    await world.psp.control.idle();
    await world.finished(`order/${orderId}`);
    await expectGivenBack(orderId, { amountMinor: 14_500, currency: 'EUR' });
    const before = await pictureOf(world, orderId);
    const { eventId } = await delivered(world, orderId, 'payment_succeeded');
    await world.psp.control.redeliver(eventId);
    await world.finished(`order/${orderId}`);
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('a give-back that the PSP refuses is listed: the order is failed and the money still held', async () => {
    const orderId = await placed();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_06', message: 'No.' });
    world.psp.control.pay(orderId, { amountReceivedMinor: 100 });
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'failed', reason: 'No.' });
    expect(await world.order(orderId)).toMatchObject({ status: 'failed', refundedMinor: 0 });
    expect(await flagsOf(world, `refund/${refund!.id}`)).toEqual(['give_back_failed']);
    expect(await posted(world, orderId, 'suspense:order')).toBe(-100);
  });

  it('a give-back that succeeds after it had failed is settled in full and flagged', async () => {
    const orderId = await placed();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message: 'No.' });
    world.psp.control.pay(orderId, { amountReceivedMinor: 100 });
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    await world.finished(`refund/${refund!.id}`);
    expect((await world.order(orderId)).status).toBe('failed');
    await delivered(world, refund!.id, 'refund_failed');
    world.psp.control.settleRefund(refund!.id, 'succeeded');
    await delivered(world, refund!.id, 'refund_succeeded');
    await expectGivenBack(orderId, { amountMinor: 100, currency: 'EUR' });
    expect((await world.order(orderId)).status).toBe('refunded');
    // Nothing is held any more.
    expect(await flagsOf(world, `refund/${refund!.id}`)).toEqual(['succeeded_after_failed']);
  });

  /** The buyer has all of it back by the PSP's cancellation alone: nothing is held, and nothing was asked for. */
  async function expectCancelled(orderId: string) {
    const [refund, ...others] = (await refundsOf(world, orderId)).filter(({ status }) => status !== 'failed');
    expect(others).toEqual([]);
    expect(refund).toMatchObject({ kind: 'external', status: 'succeeded', amountMinor: 14_500 });
    expect(await world.order(orderId)).toMatchObject({
      status: 'refunded',
      completedAt: null,
      capturedMinor: 14_500,
      refundedMinor: 14_500,
    });
    expect(await licensesOf(world, orderId)).toEqual([]);
    expect(await world.transfersOf(orderId)).toEqual([]);
    expect(await posted(world, orderId, 'suspense:order')).toBe(0);
    expect(await posted(world, orderId, 'cash:psp')).toBe(0);
  }

  it.each([['pending'], ['failed']] as const)(
    'cancelled_post_capture before its own capture, of an order that is %s: it has gone back, and is not asked for again',
    async (status) => {
      const orderId = await placed();
      if (status === 'failed') {
        world.psp.control.fail(orderId);
        await world.finished(`order/${orderId}`);
      }
      world.psp.control.addFault({ kind: 'holdWebhook', match: 'payment_succeeded' });
      world.psp.control.pay(orderId);
      world.psp.control.cancelPostCapture(orderId);
      await delivered(world, orderId, 'payment_cancelled_post_capture');
      await world.finished(`order/${orderId}`);
      expect(await world.order(orderId)).toMatchObject({
        status: 'failed',
        failureReason: status === 'pending' ? 'cancelled after capture' : 'Your card was declined.',
        paymentStatus: 'cancelled_post_capture',
        capturedMinor: null,
      });

      await world.psp.control.release(({ objectId }) => objectId === orderId);
      expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'cancelled' });
      await expectCancelled(orderId);
      expect(world.psp.control.refunds(orderId)).toEqual([]);
      expect(await flagsOf(world, `order/${orderId}`)).toEqual(['late_payment']);

      const before = await pictureOf(world, orderId);
      for (const type of ['payment_cancelled_post_capture', 'payment_succeeded']) {
        const { eventId } = await delivered(world, orderId, type);
        await world.psp.control.redeliver(eventId);
      }
      await world.finished(`order/${orderId}`);
      expect(await pictureOf(world, orderId)).toEqual(before);
    },
  );

  it('cancelled_post_capture of money whose give-back was refused: it has gone back, and troubles nobody any more', async () => {
    const orderId = await placed();
    world.psp.control.fail(orderId);
    await world.finished(`order/${orderId}`);
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_06', message: 'No.' });
    world.psp.control.pay(orderId);
    await delivered(world, orderId, 'payment_succeeded');
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    await world.finished(`refund/${refund!.id}`);
    expect(await flagsOf(world, `refund/${refund!.id}`)).toEqual(['give_back_failed']);
    expect(await posted(world, orderId, 'suspense:order')).toBe(-14_500);
    world.psp.control.cancelPostCapture(orderId);
    await delivered(world, orderId, 'payment_cancelled_post_capture');
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'cancelled' });
    await expectCancelled(orderId);
    expect(await flagsOf(world, `refund/${refund!.id}`)).toEqual([]);
  });

  it('cancelled_post_capture while its give-back is asked for: refused then, it says of no money that it is held', async () => {
    const orderId = await placed();
    world.psp.control.setRefundMode('manual');
    world.psp.control.fail(orderId);
    await world.finished(`order/${orderId}`);
    world.psp.control.pay(orderId);
    await delivered(world, orderId, 'payment_succeeded');
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    await eventually(async () => expect(world.psp.control.refunds(orderId)).toHaveLength(1));
    world.psp.control.cancelPostCapture(orderId);
    await delivered(world, orderId, 'payment_cancelled_post_capture');
    await world.finished(`order/${orderId}`);
    world.psp.control.settleRefund(refund!.id, 'failed', 'it is cancelled');
    expect(await world.finished(`refund/${refund!.id}`)).toMatchObject({ status: 'failed' });
    world.psp.control.setRefundMode('auto');
    await expectCancelled(orderId);
    expect(await flagsOf(world, `refund/${refund!.id}`)).toEqual([]);
  });

  it('by a new refund where the first one failed, once a person says so', async () => {
    const orderId = await placedOrder(world, people.buyer, [people.products[2]!.id]);
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message: 'card closed' });
    world.psp.control.pay(orderId, { amountReceivedMinor: 5_000 });
    await world.finished(`order/${orderId}`);
    const [first] = await refundsOf(world, orderId);
    await world.finished(`refund/${first!.id}`);
    expect((await world.refund(first!.id)).status).toBe('failed');
    expect((await world.order(orderId)).status).toBe('failed');

    const own = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {});
    expect(own.body['code']).toBe('order_not_refundable');
    const again = await world.post(people.admin, `/admin/orders/${orderId}/give-back`, {
      reason: 'new card',
    });
    expect(again.status, JSON.stringify(again.body)).toBe(202);
    const secondId: string = again.body['refund']!['id']!;
    await world.finished(`refund/${secondId}`);
    expect(await flagsOf(world, `refund/${first!.id}`)).toEqual([]);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 5_000 });
    const more = await world.post(people.admin, `/admin/orders/${orderId}/give-back`, { reason: 'again' });
    expect(more.body['code']).toBe('order_not_refundable');
  });
});
