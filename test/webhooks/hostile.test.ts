import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventKey } from '../../providers/webhooks/verify.ts';
import { openShop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { newEventId, orderEnded, realEvent, refundEnded, stored, taken, waitingRefund } from './support.ts';

// Signed, and JSON, and still nothing that a row, an index or a page can hold as it is.

let world: World;
beforeAll(async () => {
  world = await World.create();
  world.psp.control.setRefundMode('manual');
});
afterAll(() => world.close());

it('a NUL in a message: the refund fails all the same, and says why', async () => {
  const { refundId, orderId } = await waitingRefund(world);
  const failed = world.psp.control.settleRefund(refundId, 'failed', 'bank\0 says no', { webhook: false });
  await taken(world, 'hyperswitch', realEvent('refund_failed', 'refund_details', failed), 'signalled');
  expect(await refundEnded(world, refundId)).toMatchObject({
    status: 'failed',
    errorMessage: 'bank\uFFFD says no',
  });
  expect((await world.order(orderId)).status).toBe('completed');
});

it('a NUL in a payment’s message: the order fails all the same', async () => {
  const { buyer, productIds } = await openShop(world);
  const orderId = await placedOrder(world, buyer, productIds);
  const failed = world.psp.control.fail(orderId, 'no\0', { webhook: false });
  await taken(world, 'hyperswitch', realEvent('payment_failed', 'payment_details', failed), 'signalled');
  expect(await orderEnded(world, orderId)).toMatchObject({ status: 'failed', failureReason: 'no\uFFFD' });
});

it('a NUL in the PSP’s own refusal: the refund fails, and does not try for ever', async () => {
  world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_14', message: 'no\0' });
  const { buyer, productIds } = await openShop(world);
  const orderId = await placedOrder(world, buyer, productIds);
  world.psp.control.pay(orderId);
  await orderEnded(world, orderId);
  const answer = await world.post(buyer, `/marketplace/orders/${orderId}/refund`, {});
  const refundId: string = answer.body['refund']!['id']!;
  expect(await refundEnded(world, refundId)).toMatchObject({ status: 'failed', errorMessage: 'no\uFFFD' });
});

it('a message as long as a body: cut to what people read', async () => {
  const { refundId } = await waitingRefund(world);
  const long = 'no '.repeat(300_000);
  const failed = world.psp.control.settleRefund(refundId, 'failed', long, { webhook: false });
  await taken(world, 'hyperswitch', realEvent('refund_failed', 'refund_details', failed), 'signalled');
  const { status, errorMessage } = await refundEnded(world, refundId);
  expect(status).toBe('failed');
  expect(errorMessage).toMatch(/^no no .*…$/);
  expect(errorMessage).toHaveLength(2_000);
});

it.each([
  ['event_id', 'evt\0'],
  ['event_type', 'payment\0succeeded'],
])('a NUL in %s is kept as a character that a row can hold', async (field, value) => {
  const id = newEventId();
  const event = { event_id: id, event_type: 'payment_processing', [field]: `${value}${id}` };
  await taken(world, 'hyperswitch', event, 'ignored');
  const kept = await stored(world, 'hyperswitch', event.event_id.replaceAll('\0', '\uFFFD'));
  expect(kept?.body).toBe(JSON.stringify(event));
});

it.each([['refund_id'], ['payment_id']])('a NUL in %s matches nothing', async (field) => {
  const event = { event_id: newEventId(), event_type: 'succeeded', status: 'succeeded', [field]: 'x\0y' };
  await taken(world, 'hyperswitch', event, 'unmatched');
});

it('ids longer than an index entry: kept under their hash, and duplicates are known', async () => {
  // Random, since PostgreSQL compresses what repeats.
  const longId = Array.from({ length: 2_000 }, newEventId).join('');
  const event = { event_id: longId, event_type: 'payment_processing' };
  await taken(world, 'hyperswitch', event, 'ignored');
  const first = await stored(world, 'hyperswitch', eventKey(longId));
  await taken(world, 'hyperswitch', { ...event, delivery: 2 }, 'ignored');
  expect(await stored(world, 'hyperswitch', eventKey(longId))).toEqual(first);
  expect(first?.body).toBe(JSON.stringify(event));

  const stripe = { id: longId, type: 'customer.created', created: 1, data: { object: {} } };
  await taken(world, 'stripe', stripe, 'ignored');
  expect(await stored(world, 'stripe', eventKey(longId))).not.toBeNull();

  const ids = { event_id: newEventId(), event_type: 'refund_succeeded', refund_id: longId };
  await taken(world, 'hyperswitch', ids, 'unmatched');
});

it('half a character, and brackets without end: taken, and people can list them', async () => {
  const half = `{"event_id":"${newEventId()}\\ud800","event_type":"payment_\\udfff"}`;
  await taken(world, 'hyperswitch', half, 'ignored');
  const depth = 100_000;
  const deep = `{"event_id":"${newEventId()}","metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  await taken(world, 'hyperswitch', deep, 'ignored');
  const { admin } = await world.seed();
  const page = await world.get(admin, '/admin/webhooks?outcome=ignored&limit=100');
  expect(page.status, JSON.stringify(page.body).slice(0, 500)).toBe(200);
});

it('the names of what every object has are no fields of an event', async () => {
  const event = `{"event_id":"${newEventId()}","__proto__":{"refund_id":"x","status":"succeeded"},"constructor":{"refund_id":"y"}}`;
  await taken(world, 'hyperswitch', event, 'ignored');
});
