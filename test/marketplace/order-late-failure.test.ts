import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { flagsOf, refundsOf, workflowStatus } from '../harness/read.ts';
import { attempted, delivered } from '../harness/wait.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

const OTHER_CARD = { payment_method_data: { card: { card_number: '4242424242424242' } } };
const DECLINED_CARD = { payment_method_data: { card: { card_number: '4000000000000002' } } };

describe('a failure that the PSP tells of is asked about before the order fails', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create();
    shop = await openShop(world);
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const placed = () => placedOrder(world, shop.buyer, shop.productIds);

  async function expectCompleted(orderId: string) {
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'completed' });
    expect(await world.order(orderId)).toMatchObject({
      status: 'completed',
      failureReason: null,
      capturedMinor: 10_000,
    });
    expect(await refundsOf(world, orderId)).toEqual([]);
    expect(await flagsOf(world, `order/${orderId}`)).toEqual([]);
    for (const transfer of await world.transfersOf(orderId)) await world.finished(`transfer/${transfer.id}`);
  }

  /** As the buyer's browser does: with the client secret. */
  async function confirm(orderId: string, card: object) {
    const { client_secret: secret } = world.psp.control.payment(orderId);
    const answer = await fetch(`${world.psp.url}/payments/${orderId}/confirm`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'api-key': 'pk_public' },
      body: JSON.stringify({ ...card, client_secret: secret }),
    });
    return (await answer.json()) as { status?: string; error?: { code: string } };
  }

  /** The PSP's word on its way: asked about and laid aside, while the order waits on. */
  async function lookedUp(orderId: string) {
    const { createdAt } = await delivered(world, orderId, 'payment_failed');
    await world.psp.control.waitForRequest(
      ({ operation, params, outcome, at }) =>
        operation === 'payments.retrieve' &&
        params['id'] === orderId &&
        outcome === 'answered' &&
        Date.parse(at) >= Date.parse(createdAt),
    );
  }

  it('payment_failed that is older than a success that the PSP already shows: completed', async () => {
    const orderId = await placed();
    world.psp.control.fail(orderId, 'Your card was declined.', { mayRetry: true });
    world.psp.control.addFault({ kind: 'loseWebhook', match: 'payment_succeeded' });
    world.psp.control.pay(orderId);
    await expectCompleted(orderId);
  });

  it('payment_failed that comes after the success: nothing changes', async () => {
    const orderId = await placed();
    world.psp.control.addFault({ kind: 'holdWebhook', match: 'payment_failed' });
    world.psp.control.fail(orderId, 'Your card was declined.', { mayRetry: true });
    world.psp.control.pay(orderId);
    await expectCompleted(orderId);
    await world.psp.control.release(({ objectId }) => objectId === orderId);
    await world.finished(`order/${orderId}`);
    await expectCompleted(orderId);
  });

  it('declined, then paid with another card: pending meanwhile, completed, and nothing is given back', async () => {
    const orderId = await placed();
    expect(await confirm(orderId, DECLINED_CARD)).toMatchObject({ status: 'failed' });
    await lookedUp(orderId);
    expect((await world.order(orderId)).status).toBe('pending');
    expect(await workflowStatus(world, `order/${orderId}`)).toBe('RUNNING');
    expect(await confirm(orderId, { ...OTHER_CARD, retry_action: 'manual_retry' })).toMatchObject({
      status: 'succeeded',
    });
    await expectCompleted(orderId);
  });

  it.each([
    'requires_payment_method',
    'requires_confirmation',
    'requires_customer_action',
    'requires_merchant_action',
    'requires_capture',
    'processing',
    'review',
    'conflicted',
  ] as const)('payment_failed of a payment that the PSP says is %s: pending', async (status) => {
    const orderId = await placed();
    world.psp.control.addFault({ kind: 'holdWebhook', match: 'payment_failed' });
    world.psp.control.fail(orderId);
    world.psp.control.setPaymentStatus(orderId, status, { webhook: false });
    await world.psp.control.release(({ objectId }) => objectId === orderId);
    await lookedUp(orderId);
    expect((await world.order(orderId)).status).toBe('pending');
    world.psp.control.pay(orderId);
    await expectCompleted(orderId);
  });

  it('the PSP says so itself: failed, with its reason', async () => {
    const orderId = await placed();
    world.psp.control.fail(orderId, 'Your card was stolen.');
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'failed' });
    expect(await world.order(orderId)).toMatchObject({
      status: 'failed',
      failureReason: 'Your card was stolen.',
      paymentStatus: 'failed',
    });
  });

  it('the PSP is down: unknown is not failed, and its later webhook is enough', async () => {
    const orderId = await placed();
    const fault = world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 'always',
    });
    world.psp.control.fail(orderId);
    await attempted(world, `order/${orderId}`, 2);
    expect((await world.order(orderId)).status).toBe('pending');
    world.psp.control.pay(orderId);
    await expectCompleted(orderId);
    world.psp.control.clearFaults(fault);
  });

  it('the PSP refuses our key: pending, flagged, asked until it answers', async () => {
    const orderId = await placed();
    const fault = world.psp.control.addFault({
      kind: 'status',
      status: 401,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 'always',
    });
    world.psp.control.fail(orderId);
    await attempted(world, `order/${orderId}`, 2);
    expect((await world.order(orderId)).status).toBe('pending');
    expect(await flagsOf(world, 'hyperswitch')).toEqual(['psp_refuses_our_key']);
    world.psp.control.clearFaults(fault);
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'failed' });
  });

  it('the PSP is down for a while: asked until it answers, then failed', async () => {
    const orderId = await placed();
    world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: 'payments.retrieve',
      where: { id: orderId },
      times: 2,
    });
    world.psp.control.fail(orderId, 'Insufficient funds');
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'failed' });
    expect((await world.order(orderId)).failureReason).toBe('Insufficient funds');
  });

  it('a capture told without its amount is not overruled by an older failure', async () => {
    const orderId = await placed();
    world.psp.control.addFault({ kind: 'status', match: 'payments.retrieve', status: 503, times: 2 });
    world.psp.control.pay(orderId, { webhook: false });
    const send = (body: object) =>
      world.psp.control.sendWebhook(JSON.stringify({ payment_id: orderId, ...body }));
    await send({ event_type: 'payment.succeeded', status: 'succeeded' });
    await send({ event_type: 'payment.failed', status: 'failed', amount: 10_000, currency: 'USD' });
    await expectCompleted(orderId);
  });
});
