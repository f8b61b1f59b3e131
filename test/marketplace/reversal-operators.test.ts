import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { completeReversal } from '../../db/marketplace/reversals/complete.ts';
import { requestReversalEnd } from '../../db/marketplace/reversals/request-end.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  auditLogOf,
  historyText,
  keysOf,
  openFlags,
  reversalCalls,
  reversalRow,
  stateOf,
  transferRow,
} from '../harness/read.ts';
import { signal } from '../harness/stories.ts';
import { failedAttempts, stateAfterAttempt, until, waitsFor } from '../harness/wait.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { makePerson, NET_MINOR } from '../harness/shop.ts';
import { onReversalLookUps, onReversalsOf, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const PATIENT = { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' };
const REASON = 'Stripe was down for longer than we retry';

describe('a reversal in the hands of operators', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  const once503 = () => refundedOrder(world, { troubles: [{ kind: 'status', status: 503 }] });

  /** Ended by a person, and Stripe well again. */
  async function permanentlyFailed() {
    const refunded = await once503();
    await failedAttempts(world, refunded.reversal.id, 1);
    await signal(world, refunded.workflowId, 'giveUp', 'the seller has left');
    expect(await world.finished(refunded.workflowId)).toEqual({ status: 'permanently_failed' });
    return refunded;
  }

  it('query: state, attempts, next attempt, last error', async () => {
    const { reversal, workflowId } = await once503();
    const failed = await failedAttempts(world, reversal.id, 1);
    const waiting = await stateAfterAttempt(world, workflowId);
    expect(waiting).toMatchObject({
      ended: false,
      retryCount: 1,
      nextAttemptAt: failed.nextRetryAt!.toISOString(),
      lastError: failed.errorMessage,
      waitingFor: null,
      generation: 1,
    });
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    expect(await stateOf(world, workflowId)).toEqual({
      ended: true,
      status: 'reversed',
      message: null,
      retryCount: 1,
      idempotencyKey: `reversal:${reversal.id}:1`,
    });
  });

  it('adopt while it is at work: refused at once, without an event, and it goes on', async () => {
    const { reversal, workflowId } = await once503();
    await failedAttempts(world, reversal.id, 1);
    await stateAfterAttempt(world, workflowId);
    const handle = world.temporal.workflow.getHandle(workflowId);
    const refused: unknown = await handle.executeUpdate('adopt').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refused as WorkflowUpdateFailedError).cause).toMatchObject({
      type: 'reversal_at_work',
      message: 'the reversal is still at work',
    });
    expect(await historyText(world, workflowId)).not.toContain('adopt');
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    await expectAgreement(world);
  });

  it('retry of a written-off one whose workflow has not heard of its end: unknown, and repeated it is told', async () => {
    const { shop, reversal, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
      before: ({ stripeTransferId }) => void onReversalLookUps(world, stripeTransferId, STRIPE_IS_DOWN),
    });
    await failedAttempts(world, reversal.id, 1);
    await stateAfterAttempt(world, workflowId);
    // As a worker leaves it that is killed between its commit and its answer.
    await completeReversal(world.database.db, reversal.id, { failed: 'Stripe is down' });
    world.stripe.control.clearFaults();
    const resolved = await world.post(shop.admin, `/admin/reversals/${reversal.id}/resolve`, {
      resolution: 'written_off',
      reason: REASON,
    });
    expect(resolved.status, JSON.stringify(resolved.body)).toBe(200);
    const retry = () =>
      world.post(
        shop.admin,
        `/admin/reversals/${reversal.id}/retry`,
        { reason: REASON },
        { 'Idempotency-Key': `retry-${reversal.id}` },
      );
    const early = await retry();
    expect(early.status).toBe(503);
    expect(early.body).toMatchObject({ code: 'engine_unavailable', may_still_be_carried_out: true });
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'written_off' });
    const told = await retry();
    expect(told.status, JSON.stringify(told.body)).toBe(202);
    expect((await reversalRow(world, reversal.id)).status).toBe('reversed');
    await expectAgreement(world);
  });

  it('giveUp(reason): permanently_failed at once with the reason, without another call that could reverse', async () => {
    const { reversal, stripeTransferId, transfer, workflowId } = await permanentlyFailed();
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'permanently_failed',
      errorMessage: 'the seller has left',
      nextRetryAt: null,
    });
    expect((await transferRow(world, transfer.id)).status).toBe('permanently_failed');
    expect(await openFlags(world, 'reversal_gave_up', workflowId)).toHaveLength(1);
    await expectAgreement(world);
  });

  it('giveUp where Stripe has reversed and the answer was lost: reversed', async () => {
    const { reversal, stripeTransferId, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
    });
    await failedAttempts(world, reversal.id, 1);
    await signal(world, workflowId, 'giveUp', 'enough');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect((await reversalRow(world, reversal.id)).stripeReversalId).toBe(
      world.stripe.control.reversals(stripeTransferId)[0]!.id,
    );
    await expectAgreement(world);
  });

  it('giveUp of one that waits for funds', async () => {
    const { reversal, workflowId } = await refundedOrder(world, {
      before: ({ shop }) => world.stripe.control.drainAccount(shop.seller.accountId),
    });
    await waitsFor(world, reversal.id, 'seller_funds');
    await signal(world, workflowId, 'giveUp', 'the account is closed');
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    expect((await reversalRow(world, reversal.id)).waitingFor).toBeNull();
    await expectAgreement(world);
  });

  it('given up by an operator holds at the next attempt, whoever wakes it; their words stay out of its history', async () => {
    const { reversal, stripeTransferId, workflowId } = await refundedOrder(world, {
      before: ({ shop }) => world.stripe.control.drainAccount(shop.seller.accountId),
    });
    await waitsFor(world, reversal.id, 'seller_funds');
    const reason = 'Anna Schmidt says that the account is closed';
    // All that is committed before the engine is told; the process that would have told it is gone.
    const actor = (await makePerson(world, 'admin')).id;
    await world.database.db.transaction((tx) =>
      requestReversalEnd(tx, { reversalId: reversal.id, actor, reason }),
    );
    const asked = reversalCalls(world, stripeTransferId).length;
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(asked);
    expect((await reversalRow(world, reversal.id)).errorMessage).toBe('given up by an operator');
    expect(await auditLogOf(world, workflowId)).toMatchObject([
      { action: 'reversal.give_up', actor, reason },
    ]);
    const history = await historyText(world, workflowId);
    expect(history).toContain('given up by an operator');
    expect(history).not.toContain('Anna Schmidt');
    await expectAgreement(world);
  });

  describe('retry', () => {
    const retry = (person: Parameters<World['post']>[0], id: string, body: unknown = { reason: REASON }) =>
      world.post(person, `/admin/reversals/${id}/retry`, body);

    it('of an open one: tried now, the same row, the same key', async () => {
      const { shop, reversal, stripeTransferId, workflowId } = await once503();
      await failedAttempts(world, reversal.id, 1);
      const answer = await retry(shop.admin, reversal.id, {});
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({ reversal: { id: reversal.id, status: 'pending', retry_of: null } });
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual(
        Array(2).fill(`reversal:${reversal.id}:1`),
      );
      expect(await auditLogOf(world, workflowId)).toMatchObject([
        { actor: shop.admin.id, action: 'reversal.retry' },
      ]);
      await expectAgreement(world);
    });

    it('of a permanently_failed one: a new row with retry_of, its own id and key, and a reason that is audited', async () => {
      const { shop, reversal, stripeTransferId, transfer, workflowId, refundId } = await permanentlyFailed();
      const failed = await reversalRow(world, reversal.id);
      const answer = await retry(shop.admin, reversal.id);
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({
        reversal: { retry_of: reversal.id, refund_id: refundId, amount: NET_MINOR, status: 'pending' },
      });
      const successorId: string = answer.body['reversal']!['id']!;
      expect(await world.finished(`reversal/${successorId}`)).toEqual({ status: 'reversed' });
      const [made, ...more] = world.stripe.control.reversals(stripeTransferId);
      expect(more).toEqual([]);
      expect(made!.metadata).toMatchObject({ reversal_id: successorId });
      expect(await reversalRow(world, successorId)).toMatchObject({
        status: 'reversed',
        stripeReversalId: made!.id,
      });
      expect(await reversalRow(world, reversal.id)).toEqual(failed);
      // Terminal, but what was taken back is known.
      expect(await transferRow(world, transfer.id)).toMatchObject({
        status: 'permanently_failed',
        reversedMinor: NET_MINOR,
      });
      expect(await auditLogOf(world, workflowId)).toMatchObject([
        {
          actor: shop.admin.id,
          action: 'reversal.retry',
          reason: REASON,
          before: { status: 'permanently_failed', retryCount: 1 },
          after: { reversalId: successorId, status: 'pending' },
        },
      ]);
      await expectAgreement(world);
    });

    it('of a retry that failed as well: each id of the chain is looked for, and what one of them did is found', async () => {
      const { shop, reversal, stripeTransferId } = await permanentlyFailed();
      onReversalsOf(world, stripeTransferId, { kind: 'dropAfter' });
      const second = await retry(shop.admin, reversal.id);
      const secondId: string = second.body['reversal']!['id']!;
      await failedAttempts(world, secondId, 1);
      onReversalLookUps(world, stripeTransferId, { kind: 'status', status: 503 });
      await signal(world, `reversal/${secondId}`, 'giveUp', 'Stripe cannot be asked');
      expect(await world.finished(`reversal/${secondId}`)).toEqual({ status: 'permanently_failed' });

      const third = await retry(shop.admin, secondId);
      const thirdId: string = third.body['reversal']!['id']!;
      expect(await world.finished(`reversal/${thirdId}`)).toEqual({ status: 'reversed' });
      expect(keysOf(reversalCalls(world, stripeTransferId)).at(-1)).toBe(`reversal:${secondId}:1`);
      const [made, ...more] = world.stripe.control.reversals(stripeTransferId);
      expect(more).toEqual([]);
      expect(await reversalRow(world, thirdId)).toMatchObject({
        stripeReversalId: made!.id,
        retryOf: secondId,
      });
      await expectAgreement(world);
    });

    it.each([{}, { reason: '' }, { reason: '  ' }])('without a reason nothing is made: %j', async (body) => {
      const { shop, reversal, refundId, workflowId } = await permanentlyFailed();
      const answer = await retry(shop.admin, reversal.id, body);
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code: 'validation_failed' });
      expect(JSON.stringify(answer.body)).toContain('reason');
      expect(await world.reversalsOf(refundId)).toHaveLength(1);
      expect(await auditLogOf(world, workflowId)).toEqual([]);
    });

    it('refused where it was reversed', async () => {
      const { shop, reversal, workflowId, refundId } = await refundedOrder(world);
      await world.finished(workflowId);
      const answer = await retry(shop.admin, reversal.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ code: 'reversal_not_retryable', status_now: 'reversed' });
      expect(await world.reversalsOf(refundId)).toHaveLength(1);
    });

    it('refused where a successor has taken its place, also when two operators are as fast as each other', async () => {
      const { shop, reversal, refundId } = await permanentlyFailed();
      const answers = await Promise.all([1, 2, 3].map(() => retry(shop.admin, reversal.id)));
      expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([202, 409, 409]);
      const rows = await world.reversalsOf(refundId);
      expect(rows).toHaveLength(2);
      await world.finished(`reversal/${rows[1]!.id}`);
      expect((await retry(shop.admin, reversal.id)).body).toMatchObject({ code: 'reversal_not_retryable' });
      await expectAgreement(world);
    });

    it('an unknown reversal, an id that is not one, and a caller who is not an admin', async () => {
      const { shop, reversal, workflowId } = await permanentlyFailed();
      expect((await retry(shop.admin, '0198c0de-0000-7000-8000-000000000000')).body).toMatchObject({
        status: 404,
        code: 'reversal_not_found',
      });
      expect((await retry(shop.admin, 'none')).body).toMatchObject({ code: 'validation_failed' });
      expect((await retry(shop.seller, reversal.id)).status).toBe(403);
      expect((await retry(null, reversal.id)).status).toBe(401);
      expect(await auditLogOf(world, workflowId)).toEqual([]);
    });
  });

  describe('in sight', () => {
    it('a stuck one is found by its transfer’s status and its count, with summary and details', async () => {
      const { shop, reversal, workflowId, orderId, transfer } = await refundedOrder(world, {
        troubles: [STRIPE_IS_DOWN],
      });
      await failedAttempts(world, reversal.id, 1);
      await signal(world, workflowId, 'retryNow');
      const { nextRetryAt, errorMessage } = await failedAttempts(world, reversal.id, 2);
      const query = `VezaStatus = "reversal_pending" AND VezaRetryCount >= 2 AND VezaOrderId = "${orderId}"`;
      const found = await until(
        async () => {
          const ids: string[] = [];
          for await (const each of world.temporal.workflow.list({ query })) ids.push(each.workflowId);
          return ids;
        },
        (ids) => ids.length > 0,
      );
      expect(found).toEqual([workflowId]);
      const handle = world.temporal.workflow.getHandle(workflowId);
      const described = await handle.describe();
      expect(await described.staticSummary()).toBe(`Take back 90.00 USD from seller ${shop.seller.id}`);
      expect(described.searchAttributes).toMatchObject({
        VezaTransferId: [transfer.id],
        VezaSellerId: [shop.seller.id],
        VezaRefundId: [reversal.refundId],
        VezaAmountMinor: [NET_MINOR],
        VezaCurrency: ['USD'],
        VezaNextAttemptAt: [nextRetryAt],
      });
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      expect(metadata.currentDetails).toContain('`retryNow`');
      expect(metadata.currentDetails).toContain('`giveUp`');
      expect(metadata.currentDetails).toContain('**Failed attempts:** 2');
      expect(metadata.currentDetails).toContain(errorMessage);
      expect(metadata.currentDetails).toContain(nextRetryAt!.toISOString());

      world.stripe.control.clearFaults();
      await signal(world, workflowId, 'retryNow');
      await world.finished(workflowId);
      const ended = await handle.describe();
      expect(ended.searchAttributes).toMatchObject({ VezaStatus: ['reversed'] });
    });

    it('a signal that no handler takes is kept on the operators’ list', async () => {
      const { reversal, workflowId } = await once503();
      await failedAttempts(world, reversal.id, 1);
      await signal(world, workflowId, 'retryNwo');
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      expect(await openFlags(world, 'unknown_signal', workflowId)).toHaveLength(1);
    });
  });
});

describe('REVERSAL_WORKER_ENABLED=false', () => {
  it('means that this worker does not serve reversals: one waits in sight until a worker that does takes it', async () => {
    const world = await World.create({ worker: false });
    try {
      await world.startWorker({ REVERSAL_WORKER_ENABLED: 'false' });
      const { reversal, stripeTransferId, workflowId, refundId } = await refundedOrder(world);
      expect((await world.refund(refundId)).status).toBe('succeeded');
      const handle = world.temporal.workflow.getHandle(workflowId);
      const pending = await until(
        async () => (await handle.describe()).raw.pendingActivities?.[0] ?? null,
        (activity) => (activity?.attempt ?? 0) >= 2,
      );
      expect(pending?.lastFailure?.message).toContain('REVERSAL_WORKER_ENABLED=false');
      expect(reversalCalls(world, stripeTransferId)).toEqual([]);
      expect(await reversalRow(world, reversal.id)).toMatchObject({ status: 'pending', retryCount: 0 });

      // Beside the one that does not.
      await world.startWorkerProcess({ REVERSAL_WORKER_ENABLED: 'true' });
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
      await expectAgreement(world);
    } finally {
      await world.close();
    }
  });
});
