import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compareWithProviders, openReaders } from '../../comparison/index.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { flagsOf, pictureOf, refundsOf } from '../harness/read.ts';
import { makePerson, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import type { Person, World } from '../harness/world.ts';
import { subscriptionsOf } from '../subscriptions/story.ts';
import { age, counts, createWorld, NONE, one, retire, sweep } from './support.ts';

let world: World;
beforeAll(async () => {
  // Reads of the PSP that are behind for longer than an activity lives.
  world = await createWorld({ PSP_READ_LAG: '20m' });
});
afterEach(async () => {
  await retire(world);
  await world.database
    .sql`UPDATE orders SET payment_watched_until = NULL WHERE payment_watched_until IS NOT NULL`;
  await world.database.sql`UPDATE invoice_payments SET watched_until = NULL WHERE watched_until IS NOT NULL`;
});
afterAll(() => world.close());

const silently = { webhook: false };

/** The order has expired, an hour ago, and its payment may still be captured. */
async function expired(buyer: Person, productIds: readonly string[]): Promise<string> {
  const orderId = await placedOrder(world, buyer, productIds);
  world.psp.control.fail(orderId, 'Your card was declined.', { mayRetry: true, webhook: false });
  await world.temporal.workflow.getHandle(`order/${orderId}`).terminate('lost');
  await age(world, 'orders', orderId, '30 days');
  await world.engine.startOrder(orderId, { amountMinor: PRICE_MINOR, currency: 'USD' });
  await world.finished(`order/${orderId}`);
  expect(await world.order(orderId)).toMatchObject({
    status: 'failed',
    failureReason: 'expired',
    paymentWatchedUntil: expect.any(Date),
  });
  return orderId;
}

const watch = async (orderId: string) => (await world.order(orderId)).paymentWatchedUntil;
const differences = async () =>
  (await compareWithProviders(world.database.db, openReaders(world.config))).differences.examples;

it('captured after it expired, webhook lost: found by the sweep and given back', async () => {
  const shop = await openShop(world);
  const orderId = await expired(shop.buyer, shop.productIds);
  world.psp.control.pay(orderId, silently);
  expect(await differences()).toEqual([
    { subject: `order/${orderId}`, detail: 'it is failed and took nothing, the PSP captured 100.00 USD' },
  ]);

  expect(counts(await sweep(world, shop), 'ended_orders')).toEqual(one('synced', 'told'));
  expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'given_back' });
  const [refund, ...others] = await refundsOf(world, orderId);
  expect(others).toEqual([]);
  expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
  expect(refund).toMatchObject({ kind: 'payment_returned', amountMinor: PRICE_MINOR });
  expect(await world.order(orderId)).toMatchObject({
    status: 'refunded',
    capturedMinor: PRICE_MINOR,
    refundedMinor: PRICE_MINOR,
    paymentWatchedUntil: null,
  });
  expect(await flagsOf(world, `order/${orderId}`)).toEqual(['late_payment']);
  expect(await differences()).toEqual([]);
  expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(NONE);
  await expectCleanBooks(world);
});

it('failed by the PSP, paid with another card, webhooks lost: the same', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  // As a PSP says it that tells nothing of another try.
  world.psp.control.setPaymentStatus(orderId, 'failed');
  await world.finished(`order/${orderId}`);
  expect(await watch(orderId)).toEqual(expect.any(Date));
  world.psp.control.pay(orderId, { webhook: false, amountReceivedMinor: 9_000 });
  await age(world, 'orders', orderId);
  expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(one('synced', 'told'));
  await world.finished(`order/${orderId}`);
  const [refund] = await refundsOf(world, orderId);
  await world.finished(`refund/${refund!.id}`);
  expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 9_000 });
});

it('a payment that nobody refused the call of, and that was made after all: the same', async () => {
  const shop = await openShop(world);
  const error = { type: 'invalid_request', message: 'No.', code: 'IR_05' };
  world.psp.control.addFault({ kind: 'status', status: 422, match: 'payments.create', body: { error } });
  const answer = await world.post(shop.buyer, '/marketplace/orders', {
    items: shop.productIds.map((productId) => ({ product_id: productId })),
  });
  expect(answer.status).toBe(402);
  const [row] = await world.database.sql<{ id: string }[]>`
    SELECT id FROM orders WHERE failure_reason = 'No.' AND buyer_id = ${shop.buyer.id}`;
  const orderId = row!.id;
  await age(world, 'orders', orderId);
  const swept = await sweep(world, shop, 'ended_orders');
  expect(counts(swept, 'ended_orders')).toEqual(one('left', 'unknown_to_the_psp'));
  const made = await fetch(`${world.psp.url}/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'api-key': world.config.HYPERSWITCH_API_KEY },
    body: JSON.stringify({ payment_id: orderId, amount: PRICE_MINOR, currency: 'USD' }),
  });
  expect(made.status).toBe(200);
  world.psp.control.pay(orderId, silently);
  expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(one('synced', 'told'));
  await world.finished(`order/${orderId}`);
  const [refund] = await refundsOf(world, orderId);
  await world.finished(`refund/${refund!.id}`);
  expect((await world.order(orderId)).status).toBe('refunded');
});

it('one that the PSP never had is not looked at for ever', async () => {
  const shop = await openShop(world);
  const orderId = await expired(shop.buyer, shop.productIds);
  const error = { type: 'invalid_request', message: 'Payment does not exist in our records', code: 'HE_02' };
  world.psp.control.addFault({
    kind: 'status',
    status: 404,
    match: 'payments.retrieve',
    body: { error },
    times: 3,
  });
  for (let looks = 0; looks < 2; looks += 1) {
    const swept = await sweep(world, shop, 'ended_orders');
    expect(counts(swept, 'ended_orders')).toEqual(one('left', 'unknown_to_the_psp'));
    await world.database
      .sql`UPDATE orders SET payment_watched_until = payment_watched_until - interval '11 minutes' WHERE id = ${orderId}`;
  }
  const then = await sweep(world, shop, 'ended_orders');
  expect(counts(then, 'ended_orders')).toEqual(one('left', 'never_created'));
  expect(await watch(orderId)).toBeNull();
});

it('not captured: left as it is, until a month is over', async () => {
  const shop = await openShop(world);
  const orderId = await expired(shop.buyer, shop.productIds);
  const before = await pictureOf(world, orderId);
  const swept = await sweep(world, shop, 'ended_orders');
  expect(counts(swept, 'ended_orders')).toEqual(one('left', 'psp_says_failed'));
  expect(await watch(orderId)).not.toBeNull();
  await world.database
    .sql`UPDATE orders SET payment_watched_until = payment_watched_until - interval '31 days' WHERE id = ${orderId}`;
  expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(
    one('left', 'psp_says_failed'),
  );
  expect(await pictureOf(world, orderId)).toEqual({
    ...(before as object),
    order: {
      ...(before as { order: object }).order,
      payment_watched_until: null,
      reconcile_checked_at: expect.any(String),
    },
  });
  expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(NONE);
});

it('a PSP that cannot be asked leaves it, also when its time is over', async () => {
  const shop = await openShop(world);
  const orderId = await expired(shop.buyer, shop.productIds);
  await world.database
    .sql`UPDATE orders SET payment_watched_until = payment_watched_until - interval '31 days' WHERE id = ${orderId}`;
  world.psp.control.addFault({ kind: 'status', status: 503, match: 'payments.retrieve' });
  const swept = await sweep(world, shop, 'ended_orders');
  expect(counts(swept, 'ended_orders')).toEqual(one('left', 'psp_unreadable'));
  expect(await watch(orderId)).not.toBeNull();
});

it('a payment that is dead is not looked at', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  world.psp.control.fail(orderId);
  await world.finished(`order/${orderId}`);
  expect(await world.order(orderId)).toMatchObject({ status: 'failed', paymentWatchedUntil: null });
});

it.each(['cancel', 'expire'] as const)(
  'a payment that ended there (%s): the connector may not know of it, and may capture it still',
  async (end) => {
    const shop = await openShop(world);
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.setPaymentStatus(orderId, 'requires_customer_action', silently);
    world.psp.control[end](orderId);
    await world.finished(`order/${orderId}`);
    expect(await world.order(orderId)).toMatchObject({
      status: 'failed',
      paymentWatchedUntil: expect.any(Date),
    });
    world.psp.control.pay(orderId, silently);
    await age(world, 'orders', orderId);
    expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(one('synced', 'told'));
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    await world.finished(`refund/${refund!.id}`);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
  },
);

it('cancelled after its capture, both webhooks lost: nothing is asked back', async () => {
  const shop = await openShop(world);
  const orderId = await expired(shop.buyer, shop.productIds);
  world.psp.control.pay(orderId, silently);
  world.psp.control.cancelPostCapture(orderId, silently);
  const swept = await sweep(world, shop, 'ended_orders');
  expect(counts(swept, 'ended_orders')).toEqual(one('left', 'psp_says_cancelled_post_capture'));
  expect(world.psp.control.refunds(orderId)).toEqual([]);
  expect(await differences()).toEqual([]);
});

it('a sweep cancels nothing', async () => {
  const shop = await openShop(world);
  const orderId = await placedOrder(world, shop.buyer, shop.productIds);
  await age(world, 'orders', orderId);
  await sweep(world, shop);
  expect(world.psp.control.requests('payments.cancel').map(({ params }) => params['id'])).not.toContain(
    orderId,
  );
});

it('the unpaid orders of one buyer hide nobody else’s lost payment', async () => {
  const shop = await openShop(world);
  const many = 60;
  const { sql } = world.database;
  await sql`INSERT INTO orders (id, buyer_id, total_minor, currency, payment_id, created_at)
    SELECT md5('hiding:' || n)::uuid, ${shop.buyer.id}, 100, 'USD', md5('hiding:' || n), now() - interval '2 hours'
    FROM generate_series(1, ${many}) AS n`;
  const other = await makePerson(world, 'user');
  const orderId = await placedOrder(world, other, shop.productIds);
  world.psp.control.pay(orderId, silently);
  await age(world, 'orders', orderId);
  const swept = await sweep(world, shop, 'stuck_orders');
  expect(counts(swept, 'stuck_orders')).toMatchObject({ seen: 50, synced: 1, why: { told: 1 } });
  await world.finished(`order/${orderId}`);
  expect((await world.order(orderId)).status).toBe('completed');
  for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  await sql`DELETE FROM orders WHERE id IN (SELECT md5('hiding:' || n)::uuid FROM generate_series(1, ${many}) AS n)`;
});

describe('an attempt to pay an invoice', () => {
  const attemptOf = async (attemptId: string) =>
    (await world.database.sql`SELECT * FROM invoice_payments WHERE id = ${attemptId}`)[0]!;

  /** Cancelled by its person while the PSP never answered, and given up: the PSP does not have it. */
  async function givenUp(person: Person): Promise<string> {
    const of = subscriptionsOf(world);
    const down = of.onCharges(person, { kind: 'status', status: 503, times: 'always' });
    const { done } = await of.subscribed(person);
    await of.ask(done.subscriptionId, { do: 'cancel' });
    const attemptId = done.attemptId!;
    await until(
      () => attemptOf(attemptId),
      (attempt) => attempt['end_requested_at'] !== null,
    );
    await of.callsArrived(done.subscriptionId);
    await world.finished(`subscription/${done.subscriptionId}`);
    expect(await attemptOf(attemptId)).toMatchObject({
      status: 'failed',
      error_message: 'the PSP does not have it',
    });
    world.psp.control.clearFaults(down);
    return attemptId;
  }

  it('that we gave up and that was captured after all, webhook lost: found by the sweep and given back', async () => {
    const shop = await openShop(world);
    const attemptId = await givenUp(shop.buyer);
    const swept = await sweep(world, shop, 'ended_orders');
    expect(counts(swept, 'ended_orders')).toEqual(one('left', 'unknown_to_the_psp'));
    // A call that was still on its way.
    const made = await fetch(`${world.psp.url}/payments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'api-key': world.config.HYPERSWITCH_API_KEY },
      body: JSON.stringify({ payment_id: attemptId, amount: 999, currency: 'USD' }),
    });
    expect(made.status).toBe(200);
    world.psp.control.pay(attemptId, silently);
    expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(one('synced', 'told'));
    await until(
      () => attemptOf(attemptId),
      (attempt) => attempt['status'] === 'given_back',
    );
    expect(await attemptOf(attemptId)).toMatchObject({ received_minor: '999', watched_until: null });
    expect(await flagsOf(world, `invoice/${attemptId}`)).toEqual(['late_payment']);
    expect(counts(await sweep(world, shop, 'ended_orders'), 'ended_orders')).toEqual(NONE);
    await expectCleanBooks(world);
  });

  it('that the PSP never had is not looked at for ever', async () => {
    const shop = await openShop(world);
    const attemptId = await givenUp(shop.buyer);
    for (let looks = 0; looks < 2; looks += 1) {
      const swept = await sweep(world, shop, 'ended_orders');
      expect(counts(swept, 'ended_orders')).toEqual(one('left', 'unknown_to_the_psp'));
      await world.database
        .sql`UPDATE invoice_payments SET watched_until = watched_until - interval '11 minutes' WHERE id = ${attemptId}`;
    }
    const then = await sweep(world, shop, 'ended_orders');
    expect(counts(then, 'ended_orders')).toEqual(one('left', 'never_created'));
    expect(await attemptOf(attemptId)).toMatchObject({ watched_until: null });
  });

  it('that is dead is not looked at; one that is cancelled is, for a month', async () => {
    const shop = await openShop(world);
    const of = subscriptionsOf(world);
    const { done } = await of.subscribed(shop.buyer);
    world.psp.control.fail(done.attemptId!);
    await of.lastAttempt(done.subscriptionId, ({ status }) => status === 'failed');
    expect(await attemptOf(done.attemptId!)).toMatchObject({ watched_until: null });
    const again = await of.subscribed(shop.buyer);
    await of.ask(done.subscriptionId, { do: 'cancel' });
    await world.finished(`subscription/${done.subscriptionId}`);
    const attemptId = again.done.attemptId!;
    expect(await attemptOf(attemptId)).toMatchObject({ status: 'failed', watched_until: expect.any(String) });
    await world.database
      .sql`UPDATE invoice_payments SET asked_at = asked_at - interval '1 hour', watched_until = watched_until - interval '31 days' WHERE id = ${attemptId}`;
    const swept = await sweep(world, shop, 'ended_orders');
    expect(counts(swept, 'ended_orders')).toEqual(one('left', 'psp_says_cancelled'));
    expect(await attemptOf(attemptId)).toMatchObject({ watched_until: null });
  });
});
