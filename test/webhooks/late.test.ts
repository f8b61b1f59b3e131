import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { flagsOf, licensesOf, pictureOf, refundsOf } from '../harness/read.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { orderEnded, realEvent, refundEnded, runIds, taken, waitingRefund } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
  world.psp.control.setRefundMode('manual');
});
afterAll(() => world.close());

const silently = { webhook: false };

describe('webhooks that are faster than answers', () => {
  it('payment webhook before the payment’s answer was stored', async () => {
    const { buyer, productIds } = await openShop(world);
    world.psp.control.setAutoPay(true);
    world.psp.control.addFault({ kind: 'webhookFirst', match: 'payments.create' });
    const orderId = await placedOrder(world, buyer, productIds);
    world.psp.control.setAutoPay(false);
    const order = await orderEnded(world, orderId);
    expect(order).toMatchObject({ status: 'completed', capturedMinor: 10_000 });
    expect(world.psp.control.payments().filter((payment) => payment.payment_id === orderId)).toHaveLength(1);
    await expectCleanBooks(world);
  });

  it('refund webhook before phase 2’s answer', async () => {
    const { buyer, productIds } = await openShop(world);
    const { orderId } = await completedOrder(world, buyer, productIds);
    world.psp.control.addFault({ kind: 'webhookFirst', match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'succeeded' });
    const refundId = await openedRefund(world, buyer, orderId);
    expect(await refundEnded(world, refundId)).toMatchObject({
      status: 'succeeded',
      hyperswitchRefundId: refundId,
    });
    expect((await world.order(orderId)).status).toBe('refunded');
    await expectCleanBooks(world);
  });
});

describe('where no workflow runs', () => {
  const handle = (workflowId: string) => world.temporal.workflow.getHandle(workflowId);

  it('a payment webhook starts the order’s workflow under the same id and completes the order', async () => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    const run = await runIds(world, `order/${orderId}`);
    await handle(`order/${orderId}`).terminate('by hand');
    world.psp.control.pay(orderId);
    await world.psp.control.waitForDelivery((delivery) => delivery.objectId === orderId);
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    expect(await runIds(world, `order/${orderId}`)).not.toBe(run);
    expect(await licensesOf(world, orderId)).toHaveLength(1);
    await expectCleanBooks(world);
  });

  it('a failed payment’s webhook fails the order in the same way', async () => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    await handle(`order/${orderId}`).terminate('by hand');
    world.psp.control.fail(orderId, 'Declined');
    await world.psp.control.waitForDelivery((delivery) => delivery.objectId === orderId);
    expect(await orderEnded(world, orderId)).toMatchObject({ status: 'failed', failureReason: 'Declined' });
  });

  it('a refund webhook starts the refund’s workflow under the same id and settles it', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    const run = await runIds(world, `refund/${refundId}`);
    await handle(`refund/${refundId}`).terminate('by hand');
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.psp.control.waitForDelivery((delivery) => delivery.objectId === refundId);
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
    expect(await runIds(world, `refund/${refundId}`)).not.toBe(run);
    const [transfer] = await world.transfersOf(orderId);
    expect(transfer?.status).toBe('reversed');
    expect((await world.order(orderId)).status).toBe('refunded');
    await expectCleanBooks(world);
  });

  it('older than retention: the webhook of a refund whose history is gone', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    await handle(`refund/${refundId}`).terminate('by hand');
    await world.temporal.workflowService.deleteWorkflowExecution({
      namespace: world.config.TEMPORAL_NAMESPACE,
      workflowExecution: { workflowId: `refund/${refundId}` },
    });
    world.psp.control.settleRefund(refundId, 'failed', 'Account closed');
    await world.psp.control.waitForDelivery((delivery) => delivery.objectId === refundId);
    expect(await refundEnded(world, refundId)).toMatchObject({
      status: 'failed',
      errorMessage: 'Account closed',
    });
    expect((await world.order(orderId)).status).toBe('completed');
  });
});

describe('a payment event that carries no amount is read at the PSP before anything is decided', () => {
  const lookUps = (orderId: string) =>
    world.psp.control.requests('payments.retrieve').filter((request) => request.params['id'] === orderId);

  async function order() {
    const { buyer, productIds } = await openShop(world);
    return placedOrder(world, buyer, productIds);
  }

  it.each([
    ['no amount', { status: 'succeeded' }],
    ['an amount without a currency', { status: 'succeeded', amount_received: 10_000 }],
    ['a currency without an amount', { status: 'succeeded', currency: 'USD' }],
    ['nothing received', { status: 'succeeded', amount_received: 0, currency: 'USD' }],
    ['no amount in minor units', { status: 'succeeded', amount_received: '100.00', currency: 'USD' }],
  ])('%s: as much as the PSP says', async (_, said) => {
    const orderId = await order();
    world.psp.control.pay(orderId, silently);
    const event = realEvent('payment_succeeded', 'payment_details', { payment_id: orderId, ...said });
    await taken(world, 'hyperswitch', event, 'signalled');
    expect(await orderEnded(world, orderId)).toMatchObject({ status: 'completed', capturedMinor: 10_000 });
    expect(lookUps(orderId)).toHaveLength(1);
    await expectCleanBooks(world);
  });

  it('the PSP read another amount: the order fails and the money goes back', async () => {
    const orderId = await order();
    world.psp.control.pay(orderId, { ...silently, amountReceivedMinor: 9_999 });
    await taken(
      world,
      'hyperswitch',
      { event_type: 'payment.succeeded', payment_id: orderId, status: 'succeeded' },
      'signalled',
    );
    expect(await orderEnded(world, orderId)).toMatchObject({
      status: 'refund_pending',
      capturedMinor: 9_999,
      failureReason: 'amount differs',
    });
    await expectCleanBooks(world);
  });

  it('the PSP says that nobody has paid: the order goes on waiting, and can be paid', async () => {
    const orderId = await order();
    const run = await runIds(world, `order/${orderId}`);
    world.psp.control.processing(orderId, silently);
    await taken(world, 'hyperswitch', { event_type: 'payment.succeeded', payment_id: orderId }, 'signalled');
    await world.psp.control.waitForRequest(
      (request) => request.operation === 'payments.retrieve' && request.params['id'] === orderId,
    );
    world.psp.control.pay(orderId);
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    expect(await runIds(world, `order/${orderId}`), 'the same run went on waiting').toBe(run);
  });

  it('a failure without an amount is read too: the PSP may know better', async () => {
    const orderId = await order();
    world.psp.control.pay(orderId, silently);
    await taken(world, 'hyperswitch', { event_type: 'payment.failed', payment_id: orderId }, 'signalled');
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    expect(lookUps(orderId)).toHaveLength(1);
  });
});

it('an unknown refund of a known payment that carries no amount is read at the PSP', async () => {
  const { buyer, productIds } = await openShop(world);
  const { orderId } = await completedOrder(world, buyer, productIds);
  const outside = world.psp.control.createExternalRefund(orderId, 4_000, silently);
  const event = { event_type: 'refund.succeeded', refund_id: outside.refund_id, payment_id: orderId };
  await taken(world, 'hyperswitch', event, 'signalled');
  await orderEnded(world, orderId);
  expect(await refundsOf(world, orderId)).toMatchObject([
    { kind: 'external', status: 'succeeded', amountMinor: 4_000, hyperswitchRefundId: outside.refund_id },
  ]);
  expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 4_000 });
  await expectCleanBooks(world);
});

describe('events for a row that is terminal', () => {
  it('a payment’s success again, under another event id: nothing changes', async () => {
    const { buyer, productIds } = await openShop(world);
    const { orderId } = await completedOrder(world, buyer, productIds);
    const before = await pictureOf(world, orderId);
    const payment = world.psp.control.payment(orderId);
    await taken(
      world,
      'hyperswitch',
      realEvent('payment_succeeded', 'payment_details', payment),
      'signalled',
    );
    await orderEnded(world, orderId);
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(await postings(world, orderId, 'order_completed')).toBe(1);
  });

  it.each(['failed', 'cancelled', 'expired'])(
    'a payment %s after it succeeded: nothing changes',
    async (status) => {
      const { buyer, productIds } = await openShop(world);
      const { orderId } = await completedOrder(world, buyer, productIds);
      const before = await pictureOf(world, orderId);
      const payment = { ...world.psp.control.payment(orderId), status };
      await taken(
        world,
        'hyperswitch',
        realEvent(`payment_${status}`, 'payment_details', payment),
        'signalled',
      );
      await orderEnded(world, orderId);
      expect(await pictureOf(world, orderId)).toEqual(before);
    },
  );

  it('a refund’s success again, under another event id: `succeeded_at` stays as it was', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    world.psp.control.settleRefund(refundId, 'succeeded');
    await refundEnded(world, refundId);
    const before = await pictureOf(world, orderId);
    const refund = world.psp.control.refund(refundId);
    await taken(world, 'hyperswitch', realEvent('refund_succeeded', 'refund_details', refund), 'signalled');
    await refundEnded(world, refundId);
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('a refund failed after it succeeded: recorded and flagged, the books stay', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    world.psp.control.settleRefund(refundId, 'succeeded');
    await refundEnded(world, refundId);
    const before = await pictureOf(world, orderId);
    const failed = world.psp.control.settleRefund(refundId, 'failed', 'returned by the bank', silently);
    await taken(world, 'hyperswitch', realEvent('refund_failed', 'refund_details', failed), 'signalled');
    await refundEnded(world, refundId);
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(await flagsOf(world, `refund/${refundId}`)).toEqual(['failed_after_succeeded']);
    await expectCleanBooks(world);
  });

  /** The PSP's two words on a refund that came to us the other way round: the second one first. */
  async function swapped(first: 'succeeded' | 'failed', second: 'succeeded' | 'failed') {
    const { orderId, refundId } = await waitingRefund(world);
    const older = world.psp.control.settleRefund(refundId, first, 'no', silently);
    const newer = world.psp.control.settleRefund(refundId, second, 'returned by the bank', silently);
    await taken(world, 'hyperswitch', realEvent(`refund_${second}`, 'refund_details', newer), 'signalled');
    await refundEnded(world, refundId);
    const between = await pictureOf(world, orderId);
    await taken(world, 'hyperswitch', realEvent(`refund_${first}`, 'refund_details', older), 'signalled');
    await refundEnded(world, refundId);
    return { orderId, refundId, between };
  }

  it('a failure that is older than the success that came before it: nothing changes, nobody is told', async () => {
    const { orderId, refundId, between } = await swapped('failed', 'succeeded');
    expect(await pictureOf(world, orderId)).toEqual(between);
    expect((await world.refund(refundId)).status).toBe('succeeded');
    expect(await flagsOf(world, `refund/${refundId}`)).toEqual([]);
    await expectCleanBooks(world);
  });

  it('a success that is older than the failure that came before it: settled, and flagged as sent back', async () => {
    const { orderId, refundId } = await swapped('succeeded', 'failed');
    expect((await world.refund(refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(await flagsOf(world, `refund/${refundId}`)).toEqual(['failed_after_succeeded']);
    await expectCleanBooks(world);
  });

  it('a refund succeeded after it failed: settled in full and flagged', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    world.psp.control.settleRefund(refundId, 'failed', 'try again later');
    expect((await refundEnded(world, refundId)).status).toBe('failed');
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.psp.control.waitForDelivery(
      (delivery) => delivery.objectId === refundId && delivery.type === 'refund_succeeded',
    );
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(await flagsOf(world, `refund/${refundId}`)).toEqual(['succeeded_after_failed']);
    await expectCleanBooks(world);
  });
});
