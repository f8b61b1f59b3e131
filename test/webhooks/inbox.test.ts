import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { personsAt } from '../../db/schema/personal.ts';
import { webhookStore } from '../../db/webhooks/index.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { idFor } from '../../api/kernel/idempotency.ts';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { licensesOf, pictureOf, sentTo } from '../harness/read.ts';
import { openCatalog, openShop } from '../harness/shop.ts';
import { completedOrder, paidOrder, placedOrder } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import type { Answer, BodyOf } from '../harness/answers.ts';
import { World } from '../harness/world.ts';
import {
  anotherApi,
  CLOSED_ADDRESS,
  deliver,
  newEventId,
  orderEnded,
  realEvent,
  refundEnded,
  runIds,
  stored,
  taken,
  waitingRefund,
} from './support.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
  world.psp.control.setRefundMode('manual');
});
afterAll(() => world.close());

const silently = { webhook: false };
const DUPLICATES = 100;

describe('duplicates', () => {
  it('duplicate processed: 200 without effect', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    const refund = world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
    const event = realEvent('refund_succeeded', 'refund_details', refund);
    await taken(world, 'hyperswitch', event, 'signalled');
    await refundEnded(world, refundId);
    const before = await pictureOf(world, orderId);
    const row = await stored(world, 'hyperswitch', event.event_id);
    const run = await runIds(world, `refund/${refundId}`);

    await taken(world, 'hyperswitch', event, 'signalled');
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(await stored(world, 'hyperswitch', event.event_id)).toEqual(row);
    expect(await runIds(world, `refund/${refundId}`)).toBe(run);
  });

  it('duplicate unprocessed: dispatched again', async () => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    const event = realEvent('payment_succeeded', 'payment_details', world.psp.control.pay(orderId, silently));
    const away = await anotherApi(world, { TEMPORAL_ADDRESS: CLOSED_ADDRESS });
    expect((await deliver(world, 'hyperswitch', event, { apiUrl: away.url })).status).toBe(503);
    await away.close();
    expect(await stored(world, 'hyperswitch', event.event_id)).toMatchObject({
      processedAt: null,
      outcome: 'received',
      error: expect.stringContaining('engine_unavailable'),
    });
    expect((await world.order(orderId)).status).toBe('pending');

    await taken(world, 'hyperswitch', event, 'signalled');
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    expect(await stored(world, 'hyperswitch', event.event_id)).toMatchObject({
      processedAt: expect.any(Date),
      outcome: 'signalled',
      error: null,
    });
  });

  it('a hundred of a payment, at once: one completion', async () => {
    const { buyer, productIds, seller } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    const event = realEvent('payment_succeeded', 'payment_details', world.psp.control.pay(orderId, silently));
    const answers = await Promise.all(
      Array.from({ length: DUPLICATES }, () => deliver(world, 'hyperswitch', event)),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    expect(await postings(world, orderId, 'order_completed')).toBe(1);
    expect(await world.transfersOf(orderId)).toHaveLength(1);
    expect(sentTo(world, seller.accountId)).toHaveLength(1);
    expect(await licensesOf(world, orderId)).toHaveLength(1);
    expect(await eventRows(event.event_id)).toHaveLength(1);
    await expectCleanBooks(world);
  });

  it('a hundred of a refund, at once: one settlement, one reversal', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    const refund = world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
    const event = realEvent('refund_succeeded', 'refund_details', refund);
    const answers = await Promise.all(
      Array.from({ length: DUPLICATES }, () => deliver(world, 'hyperswitch', event)),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
    expect((await world.order(orderId)).status).toBe('refunded');
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
    const [transfer] = await world.transfersOf(orderId);
    expect(world.stripe.control.reversals(transfer!.stripeTransferId!)).toHaveLength(1);
    expect(await eventRows(event.event_id)).toHaveLength(1);
    await expectCleanBooks(world);
  });

  it('an event without an id is known by its bytes', async () => {
    const { orderId, refundId } = await waitingRefund(world);
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
    const body = JSON.stringify({ event_type: 'refund.succeeded', refund_id: refundId });
    await taken(world, 'hyperswitch', body, 'signalled');
    await refundEnded(world, refundId);
    const before = await pictureOf(world, orderId);
    await taken(world, 'hyperswitch', body, 'signalled');
    expect(await pictureOf(world, orderId)).toEqual(before);
    const rows = await world.database.db.select().from(webhookEvents).where(eq(webhookEvents.body, body));
    expect(rows).toHaveLength(1);
  });

  it('an event id that another provider uses too is another event', async () => {
    const id = newEventId();
    await taken(world, 'hyperswitch', { event_id: id, event_type: 'payment_processing' }, 'ignored');
    const event = { id, type: 'customer.created', created: 1, data: { object: {} } };
    await taken(world, 'stripe', event, 'ignored');
    expect(await eventRows(id)).toHaveLength(2);
  });

  it('a delivery that waits while another one is being kept finds that row', async () => {
    const { db, sql } = world.database;
    const webhook = { provider: 'hyperswitch', eventId: newEventId(), type: 'refund_succeeded' } as const;
    const other = { ...webhook, id: uuidv7(), about: null, body: '{}' };
    const storeWebhook = webhookStore(personsAt);
    let waiting: ReturnType<typeof storeWebhook> | undefined;
    await db.transaction(async (tx) => {
      await tx.insert(webhookEvents).values(other).returning({ id: webhookEvents.id });
      waiting = storeWebhook(db, { ...other, id: uuidv7(), masked: '{}' });
      await until(
        () => sql`
          SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%webhook_events%'`,
        (waits) => waits.length === 1,
      );
    });
    expect(await waiting).toEqual({ id: other.id, outcome: 'received', isOver: false });
    expect(await eventRows(webhook.eventId)).toHaveLength(1);
  });

  const eventRows = (eventId: string) =>
    world.database.db.select().from(webhookEvents).where(eq(webhookEvents.eventId, eventId));
});

describe('ids that nothing here has', () => {
  const unknown = uuidv5('unknown', uuidv5.URL);
  it.each([
    ['a refund of ours by its form', realEvent('refund_succeeded', 'refund_details', { refund_id: unknown })],
    ['a refund of anybody', realEvent('refund_failed', 'refund_details', { refund_id: 'ref_dashboard' })],
    [
      'a payment',
      realEvent('payment_succeeded', 'payment_details', { payment_id: unknown, status: 'succeeded' }),
    ],
    ['no payment at all', realEvent('payment_failed', 'payment_details', { status: 'failed' })],
    [
      'a payout, which names no payment',
      { event_id: newEventId(), event_type: 'payout_failed', status: 'failed' },
    ],
  ])('unknown id (%s): 200, stored as unmatched, listed', async (_, event) => {
    await taken(world, 'hyperswitch', event, 'unmatched');
    const row = await stored(world, 'hyperswitch', event.event_id);
    expect(row).toMatchObject({ outcome: 'unmatched', body: JSON.stringify(event) });
    expect(await listed('unmatched')).toContain(event.event_id);
  });

  it('unmatched, later matched: a redelivery is dispatched again', async () => {
    const { buyer, productIds } = await openShop(world);
    const key = newEventId();
    // What the order will be called follows from its idempotency key.
    const orderId = idFor({ scope: `${buyer.id}:placeOrder`, key, bodyHash: '' });
    const event = realEvent('payment_succeeded', 'payment_details', {
      payment_id: orderId,
      status: 'succeeded',
      amount_received: 10_000,
      currency: 'USD',
    });
    await taken(world, 'hyperswitch', event, 'unmatched');
    expect(await listed('unmatched')).toContain(event.event_id);

    const placed = await world.post(
      buyer,
      '/marketplace/orders',
      { items: productIds.map((id) => ({ product_id: id })) },
      { 'Idempotency-Key': key },
    );
    expect(placed.body['order']!['id']).toBe(orderId);
    world.psp.control.pay(orderId, silently);
    await taken(world, 'hyperswitch', event, 'signalled');
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    expect(await stored(world, 'hyperswitch', event.event_id)).toMatchObject({
      outcome: 'signalled',
      error: null,
    });
    expect(await listed('unmatched')).not.toContain(event.event_id);
    await expectCleanBooks(world);
  });
});

describe('a status that is not terminal', () => {
  it.each(['pending', 'review', 'a_word_of_tomorrow'])('refund %s: 200, nothing changes', async (status) => {
    const { orderId, refundId } = await waitingRefund(world);
    const before = await pictureOf(world, orderId);
    const refund = { ...world.psp.control.refund(refundId), status, error_code: 'IE', error_message: 'oh' };
    await taken(world, 'hyperswitch', realEvent(`refund_${status}`, 'refund_details', refund), 'ignored');
    expect(await pictureOf(world, orderId)).toEqual(before);
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect((await refundEnded(world, refundId)).status).toBe('succeeded');
  });

  it.each(['processing', 'requires_capture', 'requires_customer_action', 'review', 'conflicted'])(
    'payment %s: 200, nothing changes',
    async (status) => {
      const { buyer, productIds } = await openShop(world);
      const orderId = await placedOrder(world, buyer, productIds);
      const before = await pictureOf(world, orderId);
      const payment = { ...world.psp.control.payment(orderId), status, amount_received: 10_000 };
      const event = realEvent('payment_processing', 'payment_details', payment);
      await taken(world, 'hyperswitch', event, 'ignored');
      expect(await pictureOf(world, orderId)).toEqual(before);
      world.psp.control.pay(orderId);
      expect((await orderEnded(world, orderId)).status).toBe('completed');
    },
  );
});

describe('the receiving audit', () => {
  it('every event that a provider had accepted is stored, and ends processed or on a list', async () => {
    const { buyer, productIds } = await openShop(world);
    await completedOrder(world, buyer, productIds);
    await paidOrder(world, buyer, productIds);
    await world.stripe.control.idle();
    await world.psp.control.idle();
    const rows = await world.database.db.select().from(webhookEvents);
    const kept = new Map(rows.map((row) => [`${row.provider} ${row.eventId}`, row]));
    for (const [provider, control] of [
      ['hyperswitch', world.psp.control],
      ['stripe', world.stripe.control],
    ] as const) {
      const accepted = control.deliveries().filter((delivery) => delivery.state === 'delivered');
      expect(accepted.length).toBeGreaterThan(0);
      for (const { eventId, body } of accepted) {
        expect(kept.get(`${provider} ${eventId}`)).toMatchObject({ body });
      }
    }
    const lists = new Set([
      ...(await listed('received')),
      ...(await listed('unmatched')),
      ...(await listed('unhandled')),
    ]);
    const lost = rows.filter((row) => {
      const done = row.processedAt !== null && (row.outcome === 'signalled' || row.outcome === 'ignored');
      return !done && !lists.has(row.eventId);
    });
    expect(lost).toEqual([]);
  });
});

/** Event ids on the operators' list of this outcome, all pages of it. */
async function listed(outcome: string): Promise<string[]> {
  const { admin } = await openCatalog(world);
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Answer<BodyOf<'GET', '/admin/webhooks'>> = await world.get(
      admin,
      `/admin/webhooks?outcome=${outcome}&limit=100${cursor}`,
    );
    expect(page.status, JSON.stringify(page.body)).toBe(200);
    ids.push(...page.body['data']!.map((event) => event['event_id']));
    const next = page.body['next_cursor'] ?? null;
    cursor = next === null ? null : `&cursor=${encodeURIComponent(next)}`;
  }
  return ids;
}
