import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { adopted } from '../harness/wait.ts';
import { temporalAddress } from '../harness/services.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder } from '../harness/stories.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { World } from '../harness/world.ts';
import { orderEnded, refundEnded, stored } from './support.ts';

// The API reaches Temporal over a wire that is cut; the worker does not notice.

let wire: TcpProxy;
let world: World;
beforeAll(async () => {
  const [host, port] = temporalAddress().split(':');
  wire = await startTcpProxy({ host: host!, port: Number(port) });
  world = await World.create({ env: { TEMPORAL_ADDRESS: wire.address }, worker: false });
  await world.startWorker({ TEMPORAL_ADDRESS: temporalAddress() });
  world.psp.control.setRefundMode('manual');
});
afterAll(async () => {
  await world.close();
  await wire.down();
});

/** The first attempt at an object's webhook, and what the inbox kept of it. */
async function firstAttempt(objectId: string, type: string) {
  const delivery = await world.psp.control.waitForDelivery(
    (seen) => seen.objectId === objectId && seen.type === type && seen.attempts.length > 0,
    { state: 'any' },
  );
  return { delivery, row: await stored(world, 'hyperswitch', delivery.eventId) };
}

it('engine away: 503 and the event unprocessed in the inbox, then the provider’s retry is processed (payment)', async () => {
  const { buyer, productIds } = await openShop(world);
  const orderId = await placedOrder(world, buyer, productIds);
  await wire.down();
  world.psp.control.pay(orderId);
  const { delivery, row } = await firstAttempt(orderId, 'payment_succeeded');
  expect(delivery.attempts[0]).toMatchObject({ status: 503 });
  expect(JSON.parse(delivery.attempts[0]!.answer)).toMatchObject({ code: 'engine_unavailable' });
  expect(row).toMatchObject({ processedAt: null, outcome: 'received', body: delivery.body });
  expect((await world.order(orderId)).status).toBe('pending');

  await wire.up();
  await world.psp.control.waitForDelivery((seen) => seen.eventId === delivery.eventId, { timeoutMs: 30_000 });
  expect((await orderEnded(world, orderId)).status).toBe('completed');
  expect(await stored(world, 'hyperswitch', delivery.eventId)).toMatchObject({
    id: row!.id,
    processedAt: expect.any(Date),
    outcome: 'signalled',
    error: null,
  });
  await expectCleanBooks(world);
});

it('engine away: 503 and the event unprocessed in the inbox, then the provider’s retry is processed (refund)', async () => {
  const { buyer, productIds } = await openShop(world);
  const { orderId } = await completedOrder(world, buyer, productIds);
  const refundId = await openedRefund(world, buyer, orderId);
  await adopted(world, refundId);
  await wire.down();
  world.psp.control.settleRefund(refundId, 'succeeded');
  const { delivery, row } = await firstAttempt(refundId, 'refund_succeeded');
  expect(delivery.attempts[0]).toMatchObject({ status: 503 });
  expect(row).toMatchObject({ processedAt: null, outcome: 'received' });
  expect((await world.refund(refundId)).status).toBe('pending');

  await wire.up();
  await world.psp.control.waitForDelivery((seen) => seen.eventId === delivery.eventId, { timeoutMs: 30_000 });
  expect((await refundEnded(world, refundId)).status).toBe('succeeded');
  expect((await world.order(orderId)).status).toBe('refunded');
  await expectCleanBooks(world);
});

it('no worker: the webhook is accepted, and applied by the worker that comes', async () => {
  const { buyer, productIds } = await openShop(world);
  const orderId = await placedOrder(world, buyer, productIds);
  await world.stopWorker();
  world.psp.control.pay(orderId);
  const delivery = await world.psp.control.waitForDelivery((seen) => seen.objectId === orderId);
  expect(delivery.attempts.map((attempt) => attempt.status)).toEqual([200]);
  expect((await world.order(orderId)).status).toBe('pending');
  await world.startWorker({ TEMPORAL_ADDRESS: temporalAddress() });
  expect((await orderEnded(world, orderId)).status).toBe('completed');
});
