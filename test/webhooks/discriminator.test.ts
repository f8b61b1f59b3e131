import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyHash } from '../../providers/webhooks/verify.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openShop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { newEventId, orderEnded, realEvent, refundEnded, stored, taken, waitingRefund } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
  world.psp.control.setRefundMode('manual');
});
afterAll(() => world.close());

/** The PSP moves and keeps silent: the tests speak in its place, in every shape. */
const silently = { webhook: false };

interface Ids {
  readonly refundId: string;
  readonly orderId: string;
}

describe('the discriminator', () => {
  const REFUND_EVENTS: [string, (ids: Ids) => object][] = [
    [
      'flat refund type',
      ({ refundId, orderId }) => ({
        event_type: 'refund.succeeded',
        refund_id: refundId,
        payment_id: orderId,
        status: 'succeeded',
      }),
    ],
    ['mixed case', ({ refundId }) => ({ event_type: 'ReFund_SucCeeded', refund_id: refundId })],
    ['refund id alone', ({ refundId }) => ({ refund_id: refundId, status: 'succeeded' })],
    [
      'nested refund id, under object',
      ({ refundId }) => ({ event_type: 'done', object: { refund_id: refundId, status: 'succeeded' } }),
    ],
    [
      'nested refund id, under content.object',
      ({ refundId }) => ({ content: { object: { refund_id: refundId, status: 'succeeded' } } }),
    ],
  ];

  it.each(REFUND_EVENTS)('%s: a refund event, and the refund succeeds', async (_, eventOf) => {
    const { orderId, refundId } = await waitingRefund(world);
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
    await taken(
      world,
      'hyperswitch',
      { event_id: newEventId(), ...eventOf({ refundId, orderId }) },
      'signalled',
    );
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    await expectCleanBooks(world);
  });

  it('payment event: the order completes, though the body names no refund', async () => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    const payment = world.psp.control.pay(orderId, silently);
    await taken(
      world,
      'hyperswitch',
      realEvent('payment_succeeded', 'payment_details', payment),
      'signalled',
    );
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    await expectCleanBooks(world);
  });

  it('empty: a payment event that says nothing, kept under a hash of its body', async () => {
    await taken(world, 'hyperswitch', '{}', 'ignored');
    const row = await stored(world, 'hyperswitch', bodyHash(new TextEncoder().encode('{}')));
    expect(row).toMatchObject({ type: '', body: '{}', outcome: 'ignored' });
    expect(row?.processedAt).toBeInstanceOf(Date);
  });

  it('a type of another subject whose object carries a refund id is a refund event', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    const refund = world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
    await taken(world, 'hyperswitch', realEvent('payment_captured', 'refund_details', refund), 'signalled');
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
  });
});

describe('each shape, with dots and with underscores', () => {
  const NESTINGS = {
    flat: (head: object, object: object) => ({ ...object, ...head }),
    'object.*': (head: object, object: object) => ({ ...head, object }),
    'content.object.*': (head: object, object: object) => ({ ...head, content: { object } }),
  };
  const SHAPES = Object.entries(NESTINGS).flatMap(([name, nest]) =>
    (['.', '_'] as const).map((separator) => ({ name, nest, separator })),
  );

  it.each(SHAPES)('$name, refund$separator…: succeeded', async ({ nest, separator }) => {
    const { orderId, refundId } = await waitingRefund(world);
    const refund = world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
    const head = { event_id: newEventId(), event_type: `refund${separator}succeeded` };
    await taken(world, 'hyperswitch', nest(head, refund), 'signalled');
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(await stored(world, 'hyperswitch', head.event_id)).toMatchObject({ type: 'refund_succeeded' });
    await expectCleanBooks(world);
  });

  it.each(SHAPES)('$name, refund$separator…: failed, with the PSP’s message', async ({ nest, separator }) => {
    const { orderId, refundId } = await waitingRefund(world);
    const refund = world.psp.control.settleRefund(refundId, 'failed', 'The card was closed', silently);
    const head = { event_id: newEventId(), event_type: `refund${separator}failed` };
    await taken(world, 'hyperswitch', nest(head, refund), 'signalled');
    expect(await refundEnded(world, refundId)).toMatchObject({
      status: 'failed',
      errorMessage: 'The card was closed',
    });
    expect((await world.order(orderId)).status).toBe('completed');
    await expectCleanBooks(world);
  });

  it.each(SHAPES)('$name, payment$separator…: succeeded', async ({ nest, separator }) => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    const payment = world.psp.control.pay(orderId, silently);
    const head = { event_id: newEventId(), event_type: `payment${separator}succeeded` };
    await taken(world, 'hyperswitch', nest(head, payment), 'signalled');
    expect(await orderEnded(world, orderId)).toMatchObject({
      status: 'completed',
      capturedMinor: payment.amount,
      connectorTransactionId: payment.connector_transaction_id,
    });
    await expectCleanBooks(world);
  });

  it.each(SHAPES)('$name, payment$separator…: failed', async ({ nest, separator }) => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    const payment = world.psp.control.fail(orderId, 'Insufficient funds', silently);
    const head = { event_id: newEventId(), event_type: `payment${separator}failed` };
    await taken(world, 'hyperswitch', nest(head, payment), 'signalled');
    expect(await orderEnded(world, orderId)).toMatchObject({
      status: 'failed',
      failureReason: 'Insufficient funds',
    });
  });
});
