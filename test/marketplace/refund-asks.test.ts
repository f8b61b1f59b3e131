import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { createLogger } from '../../log.ts';
import { createHyperswitch } from '../../providers/hyperswitch/client.ts';
import { EmptyIdempotencyKeyError } from '../../providers/idempotency-key.ts';
import { type RunningWorker, startWorker } from '../../worker.ts';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { flagsOf, licensesOf, refundsOf } from '../harness/read.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { adopted, attempted, delivered, eventually } from '../harness/wait.ts';
import { completedOrder, openedRefund, placedOrder, settledRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('a refund, phase 2: ask the PSP', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
  });
  beforeEach(() => world.psp.control.setRefundMode('auto'));
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const bought = async () => (await completedOrder(world, people.buyer, [people.products[0]!.id])).orderId;
  const creates = (refundId: string) =>
    world.psp.control
      .requests('refunds.create')
      .filter((request) => (request.body as { refund_id?: string }).refund_id === refundId);

  async function expectSettledOnce(orderId: string, refundId: string) {
    expect(await world.refund(refundId)).toMatchObject({
      status: 'succeeded',
      hyperswitchRefundId: refundId,
      errorMessage: null,
    });
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 2_500 });
    expect(world.psp.control.refunds(orderId)).toMatchObject([{ refund_id: refundId, status: 'succeeded' }]);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(1);
  }

  async function expectRestored(orderId: string, refundId: string, message: string) {
    expect(await world.refund(refundId)).toMatchObject({ status: 'failed', errorMessage: message });
    expect((await world.refund(refundId)).failedAt).toBeInstanceOf(Date);
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    expect((await licensesOf(world, orderId)).map((license) => license.revokedAt)).toEqual([null]);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(0);
  }

  it('PSP refusal fails the refund and restores the order, and the buyer can try again', async () => {
    const orderId = await bought();
    const message = 'This refund is not possible through Hyperswitch';
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_06', message });
    const refundId = await openedRefund(world, people.buyer, orderId);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'failed', reason: message });
    await expectRestored(orderId, refundId, message);
    const shown = await world.get(people.buyer, `/marketplace/refunds/${refundId}`);
    expect(shown.body['refund']).toMatchObject({ status: 'failed', error_message: message });

    const again = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, again.refundId);
    expect((await refundsOf(world, orderId)).map((refund) => refund.status)).toEqual(['failed', 'succeeded']);
  });

  it('PSP refusal of an order from before completion was recorded: back where it was', async () => {
    const orderId = await bought();
    await world.database.db
      .update(orders)
      .set({ completedAt: null, refundDeadline: null })
      .where(eq(orders.id, orderId));
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_06', message: 'No.' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await world.finished(`refund/${refundId}`);
    await expectRestored(orderId, refundId, 'No.');
  });

  it.each(['IR_12', 'IR_13', 'IR_14'])('PSP refusal by %s: looked up first, always', async (code) => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code, message: 'No.' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await world.finished(`refund/${refundId}`);
    expect(
      world.psp.control.requests('refunds.retrieve').filter((request) => request.params['id'] === refundId),
    ).toMatchObject([{ status: 404 }]);
    await expectRestored(orderId, refundId, 'No.');
  });

  it('HE_01 says that it exists: looked up, not found, and asked again', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'HE_01' });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, refundId);
    expect(creates(refundId).map((request) => request.status)).toEqual([400, 200]);
  });

  it('PSP refusal that cannot be looked up is no failure: asked again', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'refused', code: 'IR_13', message: 'No.' });
    world.psp.control.addFault({ kind: 'status', status: 500, match: 'refunds.retrieve' });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, refundId);
  });

  it('HTTP 200 with failed: looked up once more, then failed', async () => {
    const orderId = await bought();
    const message = 'Charge has already been refunded';
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await world.finished(`refund/${refundId}`);
    await expectRestored(orderId, refundId, message);
    expect(creates(refundId)).toHaveLength(1);
  });

  it('HTTP 200 with pending and error fields is no failure', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'pending' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await adopted(world, refundId);
    expect(world.psp.control.refund(refundId)).toMatchObject({ status: 'pending', error_code: '500' });
    expect((await world.refund(refundId)).status).toBe('pending');
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.finished(`refund/${refundId}`);
    await expectSettledOnce(orderId, refundId);
  });

  it('PSP down for a while, then up: one refund at the PSP', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'status', status: 503, match: /refunds/, times: 2 });
    world.psp.control.addFault({ kind: 'dropBefore', match: /refunds/, times: 2 });
    world.psp.control.addFault({ kind: 'status', status: 429, match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'status', status: 409, match: 'refunds.create' });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, refundId);
    expect(creates(refundId)).toHaveLength(5);
    expect(world.psp.control.faults()).toEqual([]);
  });

  it('PSP down: the refund stays open and nothing else may be asked for', async () => {
    const orderId = await bought();
    const fault = world.psp.control.addFault({
      kind: 'status',
      status: 500,
      match: /refunds/,
      times: 'always',
    });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await attempted(world, `refund/${refundId}`, 3);
    expect(await world.refund(refundId)).toMatchObject({ status: 'pending', hyperswitchRefundId: null });
    const second = await world.post(people.buyer, `/marketplace/orders/${orderId}/refund`, {});
    expect(second.body['code']).toBe('refund_already_requested');
    world.psp.control.clearFaults(fault);
    await world.finished(`refund/${refundId}`);
    await expectSettledOnce(orderId, refundId);
  });

  it('PSP refuses our key: no refund is failed for it, people are told', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'status', status: 401, match: 'refunds.create', times: 2 });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, refundId);
    expect(await flagsOf(world, 'hyperswitch')).toEqual(['psp_refuses_our_key']);
  });

  it('PSP acted, answer lost: adopted', async () => {
    const orderId = await bought();
    world.psp.control.setRefundMode('manual');
    world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await adopted(world, refundId);
    expect(creates(refundId)).toMatchObject([{ outcome: 'dropped', status: 200 }]);
    expect((await world.refund(refundId)).status).toBe('pending');
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.finished(`refund/${refundId}`);
    await expectSettledOnce(orderId, refundId);
  });

  it('IR_13 on a repeat whose first attempt had succeeded: adopted', async () => {
    const orderId = await bought();
    world.psp.control.setRefundMode('manual');
    world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
    // The look-up after the lost answer gets none either, so the same refund is asked for again.
    world.psp.control.addFault({ kind: 'status', status: 502, match: 'refunds.retrieve' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await adopted(world, refundId);
    expect(creates(refundId).map((request) => request.status)).toEqual([200, 400]);
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.finished(`refund/${refundId}`);
    await expectSettledOnce(orderId, refundId);
  });

  it('synchronous "succeeded" stays pending', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'succeeded' });
    world.psp.control.addFault({ kind: 'holdWebhook', match: 'refund_succeeded' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await adopted(world, refundId);
    expect(world.psp.control.refund(refundId).status).toBe('succeeded');
    // Phase 2 has ended with that answer, and the workflow waits.
    await eventually(async () => {
      const { raw } = await world.temporal.workflow.getHandle(`refund/${refundId}`).describe();
      expect(raw.pendingActivities ?? []).toEqual([]);
    });
    expect((await world.refund(refundId)).status).toBe('pending');
    expect(await world.order(orderId)).toMatchObject({ status: 'refund_pending', refundedMinor: 0 });
    await world.psp.control.release();
    await world.finished(`refund/${refundId}`);
    await expectSettledOnce(orderId, refundId);
  });

  it('webhook before phase 2’s answer', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'webhookFirst', match: 'refunds.create' });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, refundId);
  });

  it('webhook instead of phase 2’s answer, which never comes', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'timeoutAfter', match: 'refunds.create' });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    await expectSettledOnce(orderId, refundId);
    expect(creates(refundId)).toMatchObject([{ outcome: 'never_answered' }]);
  });

  it('a failing webhook before phase 2’s answer ends the refund, and the answer changes nothing', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'refundOutcome', outcome: 'failed', message: 'No.' });
    world.psp.control.addFault({ kind: 'webhookFirst', match: 'refunds.create' });
    const refundId = await openedRefund(world, people.buyer, orderId);
    await world.finished(`refund/${refundId}`);
    await expectRestored(orderId, refundId, 'No.');
    await delivered(world, refundId, 'refund_failed');
  });

  it('the Idempotency-Key header of both creates is our id', async () => {
    const orderId = await bought();
    world.psp.control.addFault({ kind: 'status', status: 500, match: 'refunds.create' });
    const { refundId } = await settledRefund(world, people.buyer, orderId);
    for (const request of creates(refundId)) {
      expect(request.headers['idempotency-key']).toBe(refundId);
      expect(request.body).toMatchObject({ refund_id: refundId, payment_id: orderId, amount: 2_500 });
    }
    expect(creates(refundId)).toHaveLength(2);

    world.psp.control.addFault({ kind: 'status', status: 500, match: 'payments.create' });
    const second = await placedOrder(world, people.buyer, [people.products[0]!.id]);
    const payments = world.psp.control
      .requests('payments.create')
      .filter((request) => (request.body as { payment_id?: string }).payment_id === second);
    expect(payments.map((request) => request.headers['idempotency-key'])).toEqual([second, second]);
  });

  it('an empty key throws, before anything is sent', async () => {
    const psp = createHyperswitch({
      baseUrl: world.config.HYPERSWITCH_BASE_URL,
      apiKey: world.config.HYPERSWITCH_API_KEY,
    });
    const before = world.psp.control.requests().length;
    const money = { amountMinor: 100, paymentId: 'pay_1' };
    for (const idempotencyKey of ['', '  ']) {
      await expect(psp.createRefund({ ...money, refundId: 'r', idempotencyKey })).rejects.toThrow(
        EmptyIdempotencyKeyError,
      );
      await expect(psp.createPayment({ ...money, currency: 'EUR', idempotencyKey })).rejects.toThrow(
        EmptyIdempotencyKeyError,
      );
    }
    expect(world.psp.control.requests()).toHaveLength(before);
  });
});

describe('a refund whose PSP takes longer than a minute', () => {
  let world: World;
  let worker: RunningWorker;
  beforeAll(async () => {
    world = await World.create({ worker: false });
    // A minute is too long for a test: this worker's minute is shorter.
    worker = await startWorker(world.config, {
      log: createLogger(world.config.LOG_LEVEL),
      workflowBundle: { codePath: inject('workflowBundlePaths').plain },
      settings: { pspWaitingAfterMs: 300 },
    });
  });
  afterAll(async () => {
    await worker.close();
    await world.close();
  });

  it('is marked as waiting for the PSP, and goes through by itself when the PSP is back', async () => {
    const { buyer, products } = await openCatalog(world);
    const { orderId } = await completedOrder(world, buyer, [products[0]!.id]);
    const outage = world.psp.control.addFault({
      kind: 'status',
      status: 503,
      match: /refunds/,
      times: 'always',
    });
    const refundId = await openedRefund(world, buyer, orderId);
    const handle = world.temporal.workflow.getHandle(`refund/${refundId}`);
    await eventually(async () => {
      const { searchAttributes } = await handle.describe();
      expect(searchAttributes['VezaStatus']).toEqual(['waiting_for_psp']);
      expect(searchAttributes['VezaRetryCount']?.[0]).toBeGreaterThan(1);
    });
    expect((await world.refund(refundId)).status).toBe('pending');
    // In the UI: one pending activity, with its attempt, its last error and the next time.
    const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
    expect(pending?.lastFailure?.message).toContain('HTTP 503');
    world.psp.control.clearFaults(outage);
    expect(await handle.result()).toEqual({ status: 'succeeded' });
    expect((await handle.describe()).searchAttributes['VezaStatus']).toEqual(['succeeded']);
    await expectCleanBooks(world);
  });
});
