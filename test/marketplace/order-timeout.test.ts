import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { flagsOf, refundsOf, workflowStatus } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('an order unpaid after ORDER_PAYMENT_TIMEOUT', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create({ env: { ORDER_PAYMENT_TIMEOUT: '1500ms' } });
    people = await openCatalog(world);
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const placed = () => placedOrder(world, people.buyer, [people.products[0]!.id]);
  const lookedUp = (orderId: string) =>
    world.psp.control.waitForRequest(
      ({ operation, params, outcome }) =>
        operation === 'payments.retrieve' && params['id'] === orderId && outcome === 'answered',
    );

  const cancels = (orderId: string) =>
    world.psp.control.requests('payments.cancel').filter(({ params }) => params['id'] === orderId);

  /** The sweep reads its payment again: the buyer may have confirmed it just before, and the connector capture it. */
  async function expectExpired(orderId: string) {
    await world.finished(`order/${orderId}`);
    expect(await world.order(orderId)).toMatchObject({
      status: 'failed',
      failureReason: 'expired',
      capturedMinor: null,
      paymentWatchedUntil: expect.any(Date),
    });
  }

  async function expectCompleted(orderId: string) {
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect((await world.order(orderId)).capturedMinor).toBe(2_500);
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  }

  it('not paid: its payment is cancelled at the PSP, then failed, "expired"', async () => {
    const orderId = await placed();
    await expectExpired(orderId);
    await lookedUp(orderId);
    expect(cancels(orderId)).toHaveLength(1);
    expect(world.psp.control.payment(orderId)).toMatchObject({
      status: 'cancelled',
      cancellation_reason: 'abandoned',
    });
    const shown = await world.get(people.buyer, `/marketplace/orders/${orderId}`);
    expect(shown.body['order']).toMatchObject({ status: 'failed', payment: { status: 'cancelled' } });
  });

  it('the cancellation acts and its answer is lost: failed, "expired"', async () => {
    world.psp.control.addFault({ kind: 'dropAfter', match: 'payments.cancel' });
    const orderId = await placed();
    await expectExpired(orderId);
    expect(world.psp.control.payment(orderId).status).toBe('cancelled');
  });

  it('the cancellation does not get through: asked for again until it does', async () => {
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'payments.cancel', times: 2 });
    const orderId = await placed();
    await expectExpired(orderId);
    expect(cancels(orderId)).toHaveLength(3);
    expect(world.psp.control.payment(orderId).status).toBe('cancelled');
  });

  it('captured a moment before the cancellation, which is refused: completed', async () => {
    world.psp.control.addFault({ kind: 'paidFirst' });
    const orderId = await placed();
    await expectCompleted(orderId);
    expect(cancels(orderId).map(({ status }) => status)).toEqual([400]);
  });

  it('the same, and the webhook is lost: completed by the look that follows', async () => {
    world.psp.control.addFault({ kind: 'paidFirst' });
    world.psp.control.addFault({ kind: 'loseWebhook', match: 'payment_succeeded' });
    const orderId = await placed();
    await expectCompleted(orderId);
  });

  it('captured in another amount before the cancellation: given back', async () => {
    const outage = world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.cancel',
      times: 'always',
    });
    const orderId = await placed();
    await world.psp.control.waitForRequest(
      ({ operation, params, outcome }) =>
        operation === 'payments.cancel' && params['id'] === orderId && outcome === 'answered',
    );
    world.psp.control.pay(orderId, { amountReceivedMinor: 2_499, webhook: false });
    world.psp.control.clearFaults(outage);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'given_back' });
    const [refund] = await refundsOf(world, orderId);
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 2_499 });
  });

  it('the PSP will not cancel it, though nobody paid: failed, and looked at again', async () => {
    const message = 'You cannot cancel this payment';
    const error = { type: 'invalid_request', message, code: 'IR_16' };
    world.psp.control.addFault({ kind: 'status', status: 400, match: 'payments.cancel', body: { error } });
    const orderId = await placed();
    await expectExpired(orderId);
    expect(world.psp.control.payment(orderId).status).toBe('requires_payment_method');
  });

  it('declined, and not tried again: failed, and looked at again, since it still may be', async () => {
    const orderId = await placed();
    world.psp.control.fail(orderId, 'Your card was declined.', { mayRetry: true });
    await expectExpired(orderId);
    expect(cancels(orderId).map(({ status }) => status)).toEqual([400]);
  });

  it("cancelled while the buyer's bank was asked, which the connector is not told: looked at again", async () => {
    const orderId = await placed();
    world.psp.control.setPaymentStatus(orderId, 'requires_customer_action');
    await expectExpired(orderId);
    expect(world.psp.control.payment(orderId).status).toBe('cancelled');
  });

  it('confirmed a moment before the cancellation, while the bank was asked: looked at again', async () => {
    world.psp.control.addFault({ kind: 'confirmedFirst' });
    const orderId = await placed();
    await expectExpired(orderId);
    expect(world.psp.control.payment(orderId).status).toBe('cancelled');
    expect(world.psp.control.faults()).toEqual([]);
  });

  it('never created at the PSP: failed, and looked at again, since a call may be on its way', async () => {
    const outage = world.psp.control.addFault({
      kind: 'dropBefore',
      match: 'payments.create',
      times: 'always',
    });
    const answer = await world.post(people.buyer, '/marketplace/orders', {
      items: [{ product_id: people.products[0]!.id }],
    });
    expect(answer.body).toMatchObject({ status: 402, code: 'provider_refused', detail: 'expired' });
    const [row] = await world.database.sql<
      { id: string }[]
    >`SELECT id FROM orders ORDER BY created_at DESC LIMIT 1`;
    await expectExpired(row!.id);
    world.psp.control.clearFaults(outage);
  });

  it('the PSP refuses our key: it waits, flagged, until the key is right', async () => {
    world.psp.control.addFault({ kind: 'status', status: 401, match: 'payments.cancel' });
    const orderId = await placed();
    await expectExpired(orderId);
    expect(await flagsOf(world, 'hyperswitch')).toEqual(['psp_refuses_our_key']);
  });

  it('still processing: waits on', async () => {
    const orderId = await placed();
    world.psp.control.processing(orderId);
    await lookedUp(orderId);
    expect((await world.order(orderId)).status).toBe('pending');
    expect(await workflowStatus(world, `order/${orderId}`)).toBe('RUNNING');
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('paid, and the webhook was lost: completed by what the look-up says', async () => {
    const orderId = await placed();
    world.psp.control.pay(orderId, { webhook: false });
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect((await world.order(orderId)).capturedMinor).toBe(2_500);
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('the PSP cannot be asked: unknown is not unpaid', async () => {
    const orderId = await placed();
    world.psp.control.pay(orderId, { webhook: false });
    world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 3,
    });
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('the PSP cannot be asked, but its webhook comes: that is enough', async () => {
    const orderId = await placed();
    world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 'always',
    });
    await lookedUp(orderId);
    world.psp.control.pay(orderId);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  });

  it('paid after it expired: given back, flagged', async () => {
    const orderId = await placed();
    await world.finished(`order/${orderId}`);
    // The connector captured it after all: the router had cancelled in its own books alone.
    world.psp.control.pay(orderId);
    const [refund] = await eventually(async () => {
      const rows = await refundsOf(world, orderId);
      expect(rows).toHaveLength(1);
      return rows;
    });
    expect(await world.finished(`refund/${refund!.id}`)).toEqual({ status: 'succeeded' });
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', failureReason: 'expired' });
    expect(await flagsOf(world, `order/${orderId}`)).toEqual(['late_payment']);
  });
});
