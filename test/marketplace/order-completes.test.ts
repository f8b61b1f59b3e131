import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { expectCleanBooks, posted, postings } from '../harness/books.ts';
import { flagsOf, licensesOf, pictureOf, refundsOf, workflowStatus } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { delivered, eventually } from '../harness/wait.ts';
import { completedOrder, paidOrder, placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('a purchase', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create({ env: { REFUND_WINDOW_DAYS: '30' } });
    people = await openCatalog(world);
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const placed = (...positions: number[]) =>
    placedOrder(
      world,
      people.buyer,
      positions.map((position) => people.products[position]!.id),
    );
  const transferred = async (orderId: string) => {
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  };

  it('is placed pending, with its payment at the PSP under the order’s own id', async () => {
    const answer = await world.post(people.buyer, '/marketplace/orders', {
      items: [{ product_id: people.products[0]!.id }, { product_id: people.products[2]!.id }],
    });
    expect(answer.status).toBe(201);
    const orderId: string = answer.body['order']!['id']!;
    const payment = world.psp.control.payment(orderId);
    expect(answer.body['payment']).toEqual({
      payment_id: orderId,
      client_secret: payment.client_secret,
      status: 'requires_payment_method',
    });
    expect(answer.body['order']).toMatchObject({ status: 'pending', amount: 14_500, currency: 'EUR' });
    expect(payment).toMatchObject({ amount: 14_500, currency: 'EUR' });
    expect(await world.order(orderId)).toMatchObject({
      status: 'pending',
      paymentId: orderId,
      capturedMinor: null,
      completedAt: null,
    });
    expect(await licensesOf(world, orderId)).toEqual([]);
    expect(await posted(world, orderId, 'cash:psp')).toBe(0);
    const stranger = await world.get(people.stranger, `/marketplace/orders/${orderId}`);
    expect(stranger.body).toMatchObject({ status: 404, code: 'order_not_found' });
    const seller = await world.get(people.ada, `/marketplace/orders/${orderId}`);
    expect(seller.body['order']!['payment']!['client_secret']).toBeNull();
  });

  it('succeeded, captured amount and currency as ordered: completed with everything, in one transaction', async () => {
    const orderId = await placed(0, 1, 2);
    const hung = world.stripe.control.addFault({
      kind: 'latency',
      delayMs: 500,
      match: 'transfers.create',
      times: 2,
    });
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    const order = await world.order(orderId);
    expect(order).toMatchObject({
      status: 'completed',
      capturedMinor: 19_490,
      capturedCurrency: 'EUR',
      refundedMinor: 0,
      failureReason: null,
      paymentStatus: 'succeeded',
    });
    expect(order.refundDeadline!.getTime() - order.completedAt!.getTime()).toBe(30 * DAY_MS);
    const licenses = await licensesOf(world, orderId);
    expect(licenses.map((license) => [license.productId, license.buyerId, license.revokedAt])).toEqual(
      [0, 1, 2].map((position) => [people.products[position]!.id, people.buyer.id, null]),
    );
    const [one] = await world.database.sql<Record<string, string>[]>`
      SELECT o.xmin::text AS "order",
        (SELECT string_agg(DISTINCT l.xmin::text, ',') FROM licenses l JOIN order_items i ON i.id = l.order_item_id
         WHERE i.order_id = o.id) AS licenses,
        (SELECT string_agg(DISTINCT e.xmin::text, ',') FROM ledger_entries e
         WHERE e.root_id = o.id AND kind = 'order_completed') AS entries
      FROM orders o WHERE o.id = ${orderId}`;
    expect(new Set(Object.values(one!)), JSON.stringify(one)).toHaveLength(1);
    // The transfers' rows change again at once; their creation carries the time of the same transaction.
    const [times] = await world.database.sql`
      SELECT count(DISTINCT t)::int AS count FROM (
        SELECT created_at AS t FROM ledger_entries WHERE root_id = ${orderId} AND kind = 'order_completed'
        UNION ALL SELECT created_at FROM seller_transfers WHERE order_id = ${orderId}) AS all_times`;
    expect(times).toEqual({ count: 1 });
    const entries = await world.database.sql`
      SELECT account, amount_minor::int AS minor FROM ledger_entries
      WHERE root_id = ${orderId} AND kind = 'order_completed' ORDER BY amount_minor`;
    expect([...entries]).toEqual([
      { account: `seller:${people.ben.id}:pending`, minor: -10_800 },
      { account: `seller:${people.ada.id}:pending`, minor: -6_741 },
      { account: 'platform:revenue', minor: -1_949 },
      { account: 'cash:psp', minor: 19_490 },
    ]);
    await transferred(orderId);
    world.stripe.control.clearFaults(hung);
    const transfers = await world.transfersOf(orderId);
    expect(
      transfers.map((transfer) => [transfer.sellerId, transfer.amountMinor, transfer.status]).toSorted(),
    ).toEqual(
      [
        [people.ada.id, 6_741, 'completed'],
        [people.ben.id, 10_800, 'completed'],
      ].toSorted(),
    );
    const shown = await world.get(people.buyer, `/marketplace/orders/${orderId}`);
    expect(shown.body['order']).toMatchObject({
      status: 'completed',
      amount: 19_490,
      refunded_amount: 0,
      payment: { payment_id: orderId, status: 'succeeded' },
      licenses: [{ revoked_at: null }, { revoked_at: null }, { revoked_at: null }],
    });
  });

  it('completes everything or nothing: what fails in the middle is done again whole', async () => {
    const orderId = await placed(0);
    const before = await pictureOf(world, orderId);
    await world.database.sql.unsafe(`
      CREATE SEQUENCE refusals;
      CREATE FUNCTION refuse_transfer() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'not now'; END $$;
      CREATE TRIGGER refuse_transfer BEFORE INSERT ON seller_transfers
        FOR EACH ROW EXECUTE FUNCTION refuse_transfer();`);
    world.psp.control.pay(orderId);
    // A sequence does not roll back with the transaction that used it.
    await eventually(async () => {
      const [tried] = await world.database.sql`SELECT last_value::int AS times FROM refusals`;
      expect(tried!['times']).toBeGreaterThanOrEqual(2);
    });
    expect(await pictureOf(world, orderId)).toEqual(before);
    await world.database.sql`DROP TRIGGER refuse_transfer ON seller_transfers`;
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect(await postings(world, orderId, 'order_completed')).toBe(1);
    await transferred(orderId);
  });

  it('one transfer workflow each', async () => {
    const orderId = await placed(0, 2);
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
    const transfers = await world.transfersOf(orderId);
    expect(transfers).toHaveLength(2);
    for (const transfer of transfers) {
      expect(await world.finished(`transfer/${transfer.id}`)).toEqual({ status: 'completed' });
      const sent = world.stripe.control
        .requests('transfers.create')
        .filter((request) => JSON.stringify(request.body).includes(transfer.id));
      expect(sent).toHaveLength(1);
    }
  });

  it.each([
    ['failed', 'Your card was declined.'],
    ['cancelled', 'cancelled'],
    ['expired', 'expired'],
  ] as const)('%s: failed with the reason', async (word, reason) => {
    const orderId = await placed(0);
    const { control } = world.psp;
    ({
      failed: () => control.fail(orderId),
      cancelled: () => control.cancel(orderId),
      expired: () => control.expire(orderId),
    })[word]();
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'failed' });
    expect(await world.order(orderId)).toMatchObject({
      status: 'failed',
      failureReason: reason,
      capturedMinor: null,
    });
    expect(await licensesOf(world, orderId)).toEqual([]);
    expect(await world.transfersOf(orderId)).toEqual([]);
    expect(await posted(world, orderId, 'cash:psp')).toBe(0);
    const shown = await world.get(people.buyer, `/marketplace/orders/${orderId}`);
    expect(shown.body['order']).toMatchObject({ status: 'failed', failure_reason: reason });
  });

  it.each([
    'processing',
    'requires_capture',
    'requires_customer_action',
    'partially_captured_and_processing',
    'review',
    'tomorrows_status',
  ])('anything else ignored: %s', async (status) => {
    const orderId = await placed(0);
    const before = await pictureOf(world, orderId);
    const eventId = `evt_${uuidv7()}`;
    const sent = await world.psp.control.sendWebhook(
      JSON.stringify({
        merchant_id: 'merchant_1',
        event_id: eventId,
        event_type: 'payment_processing',
        content: {
          type: 'payment_details',
          object: {
            payment_id: orderId,
            status,
            amount: 2_500,
            amount_received: 2_500,
            currency: 'EUR',
            error_message: 'not an error',
          },
        },
      }),
    );
    expect([sent.status, JSON.parse(sent.body)]).toEqual([200, { received: true, outcome: 'ignored' }]);
    const stored = await world.database.db.select().from(webhookEvents);
    expect(stored.find((row) => row.eventId === eventId)).toMatchObject({ outcome: 'ignored' });
    expect(await pictureOf(world, orderId)).toEqual(before);
    expect(await workflowStatus(world, `order/${orderId}`)).toBe('RUNNING');
  });

  it('replayed webhook: completes once', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    const before = await pictureOf(world, orderId);
    const { eventId, body } = await delivered(world, orderId, 'payment_succeeded');
    await world.psp.control.redeliver(eventId);
    // The same word under another event's id reaches the workflow's code again.
    const again = JSON.stringify({ ...(JSON.parse(body) as object), event_id: `evt_${uuidv7()}` });
    expect((await world.psp.control.sendWebhook(again)).status).toBe(200);
    await world.finished(`order/${orderId}`);
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('a failing word after completion changes nothing', async () => {
    const orderId = await paidOrder(world, people.buyer, [people.products[0]!.id]);
    await transferred(orderId);
    const before = await pictureOf(world, orderId);
    world.psp.control.fail(orderId);
    await delivered(world, orderId, 'payment_failed');
    await world.finished(`order/${orderId}`);
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('payment webhook before the payment’s answer was stored', async () => {
    world.psp.control.setAutoPay(true);
    world.psp.control.addFault({ kind: 'webhookFirst', match: 'payments.create' });
    const answer = await world.post(people.buyer, '/marketplace/orders', {
      items: [{ product_id: people.products[0]!.id }],
    });
    world.psp.control.setAutoPay(false);
    const orderId: string = answer.body['order']!['id']!;
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    await world.psp.control.idle();
    await transferred(orderId);
    const shown = await world.get(people.buyer, `/marketplace/orders/${orderId}`);
    expect(shown.body['order']).toMatchObject({ status: 'completed', payment: { status: 'succeeded' } });
    expect(await postings(world, orderId, 'order_completed')).toBe(1);
  });

  it('a capture whose amount the event does not name is read at the PSP first', async () => {
    const orderId = await placed(0);
    world.psp.control.pay(orderId, { webhook: false });
    const sent = await world.psp.control.sendWebhook(
      JSON.stringify({ event_type: 'payment.succeeded', payment_id: orderId, status: 'succeeded' }),
    );
    expect(sent.status).toBe(200);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect((await world.order(orderId)).capturedMinor).toBe(2_500);
    await transferred(orderId);
  });

  it('a capture that the PSP itself does not know of is not believed, nor is the order given up', async () => {
    const orderId = await placed(0);
    const sent = await world.psp.control.sendWebhook(
      JSON.stringify({ event_type: 'payment.succeeded', payment_id: orderId, status: 'succeeded' }),
    );
    expect(sent.status).toBe(200);
    await world.psp.control.waitForRequest(
      ({ operation, params, outcome }) =>
        operation === 'payments.retrieve' && params['id'] === orderId && outcome === 'answered',
    );
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', failureReason: null });
    await transferred(orderId);
  });

  it('cancelled_post_capture after completed settles like an external refund', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    world.psp.control.cancelPostCapture(orderId);
    await delivered(world, orderId, 'payment_cancelled_post_capture');
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    for (const reversal of await world.reversalsOf(refund!.id))
      await world.finished(`reversal/${reversal.id}`);
    expect(refund).toMatchObject({ kind: 'external', status: 'succeeded' });
    expect((await world.order(orderId)).status).toBe('refunded');
    await expectCleanBooks(world);
  });

  it('a signal that no handler takes is recorded and flagged, and the order goes on', async () => {
    const orderId = await placed(0);
    await world.temporal.workflow.getHandle(`order/${orderId}`).signal('fromTheFuture');
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect(await flagsOf(world, `order/${orderId}`)).toEqual(['unknown_signal']);
    await transferred(orderId);
  });
});
