import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebhookProvider } from '../../db/webhooks/schema.ts';
import { eventKey } from '../../providers/webhooks/verify.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { newEventId, orderEnded, realEvent, refundEnded, stored, taken, waitingRefund } from './support.ts';

// Signed, and JSON, and still nothing that a row, an index or a page can hold as it is.

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await World.create();
  shop = await openShop(world);
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

/** A body whose ids are as given, listed for operators as `unmatched` and kept as it came. */
async function keptAsUnmatched(provider: WebhookProvider, event: object, key: string): Promise<void> {
  await taken(world, provider, event, 'unmatched');
  // A second delivery is no second row, and is looked up again.
  await taken(world, provider, event, 'unmatched');
  const kept = await stored(world, provider, key);
  expect(kept).toMatchObject({ outcome: 'unmatched', error: expect.stringMatching(/^its \w+ h(as|olds) /) });
  expect(JSON.parse(kept!.body!)).toEqual(event);
  const page = await world.get(shop.admin, '/admin/webhooks?outcome=unmatched&limit=1');
  expect(page.body['data']![0]).toMatchObject({ id: kept!.id, event_id: key, outcome: 'unmatched' });
}

const LONG = 'eyJ-'.repeat(200_000);

describe('ids that no row can hold, or longer than any provider’s', () => {
  it.each([
    ['event_id', 'a NUL', 'x\0y'],
    ['event_id', 'half a character', 'x\uD800'],
    ['event_id', '800 KB', LONG],
    ['event_type', 'a NUL', 'payment\0succeeded'],
    ['event_type', '800 KB', LONG],
    ['refund_id', 'a NUL', 'x\0y'],
    ['refund_id', 'half a character', '\uDFFFx'],
    ['refund_id', '256 characters', 'x'.repeat(256)],
    ['refund_id', '800 KB', LONG],
    ['payment_id', 'a NUL', 'x\0y'],
    ['payment_id', '800 KB', LONG],
  ])('Hyperswitch: %s with %s', async (field, _, value) => {
    const id = newEventId();
    const given = field === 'event_id' ? `${value}${id}` : value;
    const event = { event_id: id, event_type: 'succeeded', status: 'succeeded', [field]: given };
    await keptAsUnmatched('hyperswitch', event, eventKey(event.event_id));
  });

  const payout = { object: 'payout', id: 'po_1', amount: 1, currency: 'eur', status: 'paid' };
  const transfer = {
    ...{ object: 'transfer', id: 'tr_1', amount: 1, amount_reversed: 0, created: 1, currency: 'eur' },
    ...{
      destination: 'acct_1',
      metadata: {},
      reversed: false,
      source_transaction: null,
      transfer_group: null,
    },
  };
  it.each([
    ['a NUL in its id', { id: 'evt_\0' }],
    ['an id of 800 KB', { id: LONG }],
    ['half a character in its id', { id: 'evt_\uD800' }],
    ['a NUL in its type', { type: 'payout.paid\0' }],
    ['a NUL in its account', { account: 'acct_\0' }],
    ['a payout with a NUL in its id', { type: 'payout.paid', data: { object: { ...payout, id: 'po_\0' } } }],
    ['a payout with an id of 800 KB', { type: 'payout.paid', data: { object: { ...payout, id: LONG } } }],
    [
      'a payout of ours with a NUL in the id that it names',
      { type: 'payout.failed', data: { object: { ...payout, metadata: { payout_id: '\0' } } } },
    ],
    [
      'a transfer with a NUL in its id',
      { type: 'transfer.reversed', data: { object: { ...transfer, id: 'tr\0' } } },
    ],
    [
      'a transfer with a group of 800 KB',
      { type: 'transfer.reversed', data: { object: { ...transfer, transfer_group: LONG } } },
    ],
    [
      'an account with an id of 800 KB',
      { type: 'account.updated', data: { object: { object: 'account', id: LONG } } },
    ],
  ])('Stripe: %s', async (_, set) => {
    const id = newEventId();
    const event = {
      type: 'x',
      created: 1,
      data: { object: {} },
      ...set,
      id: `${'id' in set ? set.id : ''}${id}`,
    };
    await keptAsUnmatched('stripe', event, eventKey(event.id));
  });
});

it('ids of 255 characters are ids', async () => {
  const event = { event_id: newEventId().padEnd(255, 'x'), event_type: 'payment_processing' };
  await taken(world, 'hyperswitch', event, 'ignored');
  expect(await stored(world, 'hyperswitch', event.event_id)).toMatchObject({ body: JSON.stringify(event) });
});

it('brackets without end: taken, and people can list them', async () => {
  const depth = 100_000;
  const deep = `{"event_id":"${newEventId()}","metadata":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  await taken(world, 'hyperswitch', deep, 'ignored');
  const page = await world.get(shop.admin, '/admin/webhooks?outcome=ignored&limit=100');
  expect(page.status, JSON.stringify(page.body).slice(0, 500)).toBe(200);
});

it('a NUL in what the bank said of a payout is kept as a character that a row can hold', async () => {
  const payoutFailed = {
    ...{ id: newEventId(), type: 'payout.failed', created: 1, account: 'acct_1' },
    data: {
      object: {
        ...{ object: 'payout', id: `po_${newEventId()}`, amount: 1, currency: 'eur', status: 'failed' },
        failure_message: 'closed\0',
      },
    },
  };
  await taken(world, 'stripe', payoutFailed, 'unhandled');
});

it('the names of what every object has are no fields of an event', async () => {
  const event = `{"event_id":"${newEventId()}","__proto__":{"refund_id":"x","status":"succeeded"},"constructor":{"refund_id":"y"}}`;
  await taken(world, 'hyperswitch', event, 'ignored');
});
