import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { reversalLabel } from '../../db/marketplace/labels.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  balanceOf,
  keysOf,
  openFlags,
  postingsOf,
  reversalCalls,
  reversalLookUps,
  reversalRow,
  transferRow,
} from '../harness/read.ts';
import { signal } from '../harness/stories.ts';
import { failedAttempts, stateAfterAttempt } from '../harness/wait.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { NET_MINOR } from '../harness/shop.ts';
import { onReversalLookUps } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const HOUR_MS = 60 * 60 * 1000;
// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' };

describe('an attempt to reverse a transfer', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  it('happy reversal', async () => {
    const { shop, transfer, stripeTransferId, refundId, reversal, workflowId } = await refundedOrder(world);
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    const [made, ...more] = world.stripe.control.reversals(stripeTransferId);
    expect(more).toEqual([]);
    expect(made).toMatchObject({
      amount: NET_MINOR,
      currency: 'usd',
      metadata: { reversal_id: reversal.id, refund_id: refundId },
    });
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'reversed',
      stripeReversalId: made!.id,
      amountMinor: NET_MINOR,
      coveredMinor: 0,
      retryCount: 0,
      nextRetryAt: null,
      errorMessage: null,
      idempotencyKey: `reversal:${reversal.id}:1`,
    });
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
      nextRetryAt: null,
    });
    expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([`reversal:${reversal.id}:1`]);
    expect(reversalLookUps(world, stripeTransferId)).toEqual([]);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: 0,
      owedMinor: 0,
    });
    await expectAgreement(world);
  });

  it('already reversed out of band', async () => {
    const { transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      before: (sold) => {
        world.stripe.control.addFault({ kind: 'loseWebhook', match: 'transfer.reversed' });
        world.stripe.control.reverseInDashboard(sold.stripeTransferId);
      },
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(reversalCalls(world, stripeTransferId).map((call) => call.status)).toEqual([400]);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'reversed',
      stripeReversalId: null,
      coveredMinor: NET_MINOR,
      errorMessage: 'reversed at Stripe by someone else',
    });
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversed',
      reversedMinor: NET_MINOR,
    });
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(0);
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(1);
    await expectAgreement(world);
  });

  // Stripe gives it no code: the message is all there is, and it has been worded in many ways.
  it.each([
    'The transfer tr_x is already fully reversed.',
    'Transfer tr_x has already been fully reversed.',
    'This transfer has already been reversed.',
    'Transfer already reversed',
    'The transfer is ALREADY REVERSED',
    'Cannot reverse: this transfer was already entirely reversed.',
    'Transfer reversal amount ($90.00) is greater than unreversed amount on transfer ($0.00)',
  ])(
    'already reversed out of band, in the words “%s”: one call, and covered by the other',
    async (message) => {
      const { stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
        before: (sold) => {
          world.stripe.control.addFault({
            kind: 'loseWebhook',
            match: 'transfer.reversed',
            where: { id: sold.stripeTransferId },
          });
          world.stripe.control.reverseInDashboard(sold.stripeTransferId);
        },
        troubles: [
          {
            kind: 'status',
            status: 400,
            stored: true,
            body: { error: { type: 'invalid_request_error', message } },
          },
        ],
      });
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
      expect(await reversalRow(world, reversal.id)).toMatchObject({
        status: 'reversed',
        coveredMinor: NET_MINOR,
        errorMessage: 'reversed at Stripe by someone else',
        retryCount: 0,
      });
    },
  );

  it('not found: one call, no retry', async () => {
    const { transfer, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      troubles: [
        {
          kind: 'status',
          status: 404,
          times: 'always',
          body: {
            error: {
              type: 'invalid_request_error',
              code: 'resource_missing',
              param: 'id',
              message: "No such transfer: 'tr_gone'",
            },
          },
        },
      ],
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'permanently_failed',
      stripeReversalId: null,
      retryCount: 0,
      nextRetryAt: null,
      errorMessage: "No such transfer: 'tr_gone'",
    });
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'permanently_failed',
      reversedMinor: 0,
    });
    expect(await openFlags(world, 'reversal_gave_up', workflowId)).toHaveLength(1);
    await expectAgreement(world);
  });

  it('503 then success', async () => {
    const { stripeTransferId, reversal, workflowId, transfer } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503 }],
    });
    const failed = await failedAttempts(world, reversal.id, 1);
    expect(failed).toMatchObject({
      status: 'pending',
      stripeReversalId: null,
      errorMessage: expect.stringContaining('503') as string,
    });
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'reversal_pending',
      nextRetryAt: failed.nextRetryAt,
    });
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(await reversalRow(world, reversal.id)).toMatchObject({ retryCount: 1, errorMessage: null });
    expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual(
      Array(2).fill(`reversal:${reversal.id}:1`),
    );
    await expectAgreement(world);
  });

  it('a stored 500', async () => {
    const { stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 500, stored: true }],
    });
    for (const count of [1, 2]) {
      await failedAttempts(world, reversal.id, count);
      await signal(world, workflowId, 'retryNow');
    }
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    const calls = reversalCalls(world, stripeTransferId);
    expect(keysOf(calls)).toEqual([
      `reversal:${reversal.id}:1`,
      `reversal:${reversal.id}:1`,
      `reversal:${reversal.id}:2`,
    ]);
    expect(calls.map((call) => call.replayed)).toEqual([false, true, false]);
    const [lookUp, ...more] = reversalLookUps(world, stripeTransferId);
    expect(more).toEqual([]);
    expect(lookUp!.seq).toBeGreaterThan(calls[1]!.seq);
    expect(lookUp!.seq).toBeLessThan(calls[2]!.seq);
    await expectAgreement(world);
  });

  it('a stored 500 while the transfer’s reversals cannot be listed: no new key', async () => {
    const { stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 500, stored: true }],
    });
    onReversalLookUps(world, stripeTransferId, { kind: 'status', status: 503 });
    for (const count of [1, 2, 3]) {
      await failedAttempts(world, reversal.id, count);
      await signal(world, workflowId, 'retryNow');
    }
    await world.finished(workflowId);
    expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([
      ...Array<string>(3).fill(`reversal:${reversal.id}:1`),
      `reversal:${reversal.id}:2`,
    ]);
    await expectAgreement(world);
  });

  it('no answer, a 5xx, a 409: the same key again', async () => {
    const troubles = [
      { kind: 'status', status: 500 },
      { kind: 'status', status: 409 },
      { kind: 'dropBefore' },
    ] as const;
    const { stripeTransferId, reversal, workflowId } = await refundedOrder(world, { troubles });
    for (const [index] of troubles.entries()) {
      await failedAttempts(world, reversal.id, index + 1);
      await signal(world, workflowId, 'retryNow');
    }
    await world.finished(workflowId);
    expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual(
      Array(4).fill(`reversal:${reversal.id}:1`),
    );
    await expectAgreement(world);
  });

  it('answer lost after Stripe reversed: one reversal', async () => {
    const { stripeTransferId, reversal, workflowId, transfer } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
    });
    await failedAttempts(world, reversal.id, 1);
    const [made] = world.stripe.control.reversals(stripeTransferId);
    expect((await reversalRow(world, reversal.id)).stripeReversalId).toBeNull();
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    const calls = reversalCalls(world, stripeTransferId);
    expect(keysOf(calls)).toEqual(Array(2).fill(`reversal:${reversal.id}:1`));
    expect(calls[1]!.replayed).toBe(true);
    expect(world.stripe.control.reversals(stripeTransferId)).toEqual([made]);
    expect((await reversalRow(world, reversal.id)).stripeReversalId).toBe(made!.id);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    await expectAgreement(world);
  });

  it('answer lost, and Stripe’s webhook tells of it meanwhile: posted once', async () => {
    const { stripeTransferId, reversal, workflowId, transfer } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
    });
    await world.stripe.control.waitForDelivery(
      (delivery) => delivery.objectId === stripeTransferId && delivery.type === 'transfer.reversed',
    );
    await failedAttempts(world, reversal.id, 1);
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(0);
    await expectAgreement(world);
  });

  it('our own `transfer.reversed` webhook arriving before the answer is stored: posted once', async () => {
    const { stripeTransferId, reversal, workflowId, transfer } = await refundedOrder(world, {
      troubles: [{ kind: 'webhookFirst' }],
    });
    await world.finished(workflowId);
    const [call] = reversalCalls(world, stripeTransferId);
    expect(call!.faults).toEqual(['webhookFirst']);
    const delivery = await world.stripe.control.waitForDelivery(
      ({ objectId, type }) => objectId === stripeTransferId && type === 'transfer.reversed',
    );
    expect(Date.parse(delivery.attempts[0]!.at)).toBeLessThan(
      (await reversalRow(world, reversal.id)).endedAt!.getTime(),
    );
    const rows = await world.database.db
      .select()
      .from(transferReversals)
      .where(eq(transferReversals.transferId, transfer.id));
    expect(rows).toHaveLength(1);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    expect(await postingsOf(world, transfer.id, 'outside_reversal')).toBe(0);
    await expectAgreement(world);
  });

  it('no stripe id: no call', async () => {
    let stripeTransferId: string | null = null;
    const setId = (id: string, to: string | null) =>
      world.database.db
        .update(sellerTransfers)
        .set({ stripeTransferId: to })
        .where(eq(sellerTransfers.id, id));
    const { transfer, reversal, workflowId } = await refundedOrder(world, {
      before: async (sold) => {
        ({ stripeTransferId } = sold);
        await setId(sold.transfer.id, null);
      },
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    expect(reversalCalls(world, stripeTransferId!)).toEqual([]);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'permanently_failed',
      idempotencyKey: null,
      askedAt: null,
      errorMessage: expect.stringContaining('no Stripe id') as string,
    });
    expect((await transferRow(world, transfer.id)).status).toBe('permanently_failed');
    await setId(transfer.id, stripeTransferId);
    await expectAgreement(world);
  });

  it.each(['pending', 'failed', 'completed', 'reversed'] as const)(
    'only `reversal_pending` is touched: nothing is asked or written where the transfer is %s',
    async (status) => {
      const { transfer, reversal, stripeTransferId, workflowId } = await refundedOrder(world, {
        troubles: [{ kind: 'status', status: 503 }],
      });
      const before = await failedAttempts(world, reversal.id, 1);
      const setStatus = (to: typeof status | 'reversal_pending') =>
        world.database.sql`UPDATE seller_transfers SET status = ${to} WHERE id = ${transfer.id}`;
      await setStatus(status);
      const written = await transferRow(world, transfer.id);
      await signal(world, workflowId, 'retryNow');
      await world.finished(workflowId);
      expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
      expect(await reversalRow(world, reversal.id)).toEqual(before);
      expect(await transferRow(world, transfer.id)).toEqual(written);

      await setStatus('reversal_pending');
      await world.engine.retryReversal(reversalLabel(transfer, reversal));
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      await expectAgreement(world);
    },
  );

  it('not before `next_retry_at`: a workflow that takes the row over waits for it', async () => {
    const { transfer, reversal, stripeTransferId, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503 }],
    });
    const { nextRetryAt } = await failedAttempts(world, reversal.id, 1);
    await world.temporal.workflow.getHandle(workflowId).terminate('lost');
    await world.engine.startReversal(reversalLabel(transfer, reversal));
    const state = await stateAfterAttempt(world, workflowId);
    expect(state).toMatchObject({
      ended: false,
      retryCount: 1,
      nextAttemptAt: nextRetryAt!.toISOString(),
      generation: 1,
    });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);

    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual(
      Array(2).fill(`reversal:${reversal.id}:1`),
    );
    await expectAgreement(world);
  });

  describe('a key older than a day is looked up first', () => {
    async function askedLongAgo(trouble: 'dropBefore' | 'dropAfter') {
      const refunded = await refundedOrder(world, { troubles: [{ kind: trouble }] });
      const { id } = refunded.reversal;
      await failedAttempts(world, id, 1);
      await world.database.db
        .update(transferReversals)
        .set({ askedAt: new Date(Date.now() - 25 * HOUR_MS) })
        .where(eq(transferReversals.id, id));
      world.stripe.control.pruneIdempotencyKeys();
      return refunded;
    }

    it('and what Stripe has is taken instead of asked again', async () => {
      const { stripeTransferId, reversal, workflowId } = await askedLongAgo('dropAfter');
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
      const [made, ...more] = world.stripe.control.reversals(stripeTransferId);
      expect(more).toEqual([]);
      expect((await reversalRow(world, reversal.id)).stripeReversalId).toBe(made!.id);
      await expectAgreement(world);
    });

    it('and what Stripe does not have is asked under a new key', async () => {
      const { stripeTransferId, reversal, workflowId } = await askedLongAgo('dropBefore');
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([
        `reversal:${reversal.id}:1`,
        `reversal:${reversal.id}:2`,
      ]);
      await expectAgreement(world);
    });

    it('and while the transfer’s reversals cannot be listed nothing is asked', async () => {
      const { stripeTransferId, reversal, workflowId } = await askedLongAgo('dropAfter');
      onReversalLookUps(world, stripeTransferId, { kind: 'status', status: 503 });
      await signal(world, workflowId, 'retryNow');
      await failedAttempts(world, reversal.id, 2);
      expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
      await signal(world, workflowId, 'retryNow');
      await world.finished(workflowId);
      expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
      await expectAgreement(world);
    });
  });
});
