import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import {
  keysOf,
  openFlags,
  postingsOf,
  reversalCalls,
  reversalLookUps,
  reversalRow,
  stateOf,
  transferRow,
} from '../harness/read.ts';
import { signal } from '../harness/stories.ts';
import { failedAttempts, until } from '../harness/wait.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { onReversalLookUps, onReversalsOf, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

describe('the waits between the attempts of a reversal', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: { REVERSAL_BACKOFF_BASE: '1s', REVERSAL_BACKOFF_MAX: '10s' } });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  it('backoff doubles and is capped (base 1s, max 10s, count 4 → 10s)', async () => {
    const { reversal, stripeTransferId, workflowId, transfer } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503, times: 5 }],
    });
    for (const [count, delayMs] of [1_000, 2_000, 4_000, 8_000, 10_000].entries()) {
      // The count is the one before this failure raised it.
      const { nextRetryAt, retryCount } = await failedAttempts(world, reversal.id, count + 1);
      const seenAtMs = Date.now();
      const call = reversalCalls(world, stripeTransferId)[count]!;
      expect(retryCount).toBe(count + 1);
      expect(nextRetryAt!.getTime()).toBeGreaterThanOrEqual(Date.parse(call.at) + delayMs);
      expect(nextRetryAt!.getTime()).toBeLessThanOrEqual(seenAtMs + delayMs);
      const state = await until(
        () => stateOf(world, workflowId),
        (seen) => seen?.retryCount === count + 1,
      );
      expect(state).toMatchObject({ ended: false, nextAttemptAt: nextRetryAt!.toISOString() });
      expect((await transferRow(world, transfer.id)).nextRetryAt).toEqual(nextRetryAt);
      await signal(world, workflowId, 'retryNow');
    }
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(6);
    await expectAgreement(world);
  });

  it('a wait that nobody ends is waited out, and the attempt starts within REVERSAL_CHECK_INTERVAL of it', async () => {
    const { reversal, stripeTransferId, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503 }],
    });
    const { nextRetryAt } = await failedAttempts(world, reversal.id, 1);
    await world.finished(workflowId);
    const [, second] = reversalCalls(world, stripeTransferId);
    expect(Date.parse(second!.at)).toBeGreaterThanOrEqual(nextRetryAt!.getTime());
    // The default interval is a minute; a worker that is not overrun needs far less.
    expect(Date.parse(second!.at)).toBeLessThan(nextRetryAt!.getTime() + 10_000);
  });

  it('settings changed while waiting: read at each attempt, not frozen into history', async () => {
    const changing = await World.create({
      env: { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' },
    });
    try {
      const { reversal, stripeTransferId, workflowId } = await refundedOrder(changing, {
        troubles: [STRIPE_IS_DOWN],
      });
      const first = await failedAttempts(changing, reversal.id, 1);
      expect(first.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(9 * 60_000);

      await changing.stopWorker();
      await changing.startWorker({ REVERSAL_BACKOFF_BASE: '1m', REVERSAL_BACKOFF_MAX: '90s' });
      await signal(changing, workflowId, 'retryNow');
      const second = await failedAttempts(changing, reversal.id, 2);
      expect(second.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(60_000);
      expect(second.nextRetryAt!.getTime() - Date.now()).toBeLessThanOrEqual(90_000);

      await changing.stopWorker();
      await changing.startWorker({ REVERSAL_MAX_RETRIES: '2' });
      await signal(changing, workflowId, 'retryNow');
      expect(await changing.finished(workflowId)).toEqual({ status: 'permanently_failed' });
      expect(reversalCalls(changing, stripeTransferId)).toHaveLength(3);
    } finally {
      await changing.close();
    }
  });
});

describe('a reversal whose retries are exhausted', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: { REVERSAL_BACKOFF_BASE: '10ms', REVERSAL_BACKOFF_MAX: '50ms' } });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  it('exhausted after six calls', async () => {
    const { reversal, stripeTransferId, workflowId, transfer, refundId } = await refundedOrder(world, {
      troubles: [STRIPE_IS_DOWN],
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    const calls = reversalCalls(world, stripeTransferId);
    expect(keysOf(calls)).toEqual(Array(6).fill(`reversal:${reversal.id}:1`));
    const [lookUp, ...more] = reversalLookUps(world, stripeTransferId);
    expect(more).toEqual([]);
    expect(lookUp!.seq).toBeGreaterThan(calls[5]!.seq);
    expect(await reversalRow(world, reversal.id)).toMatchObject({
      status: 'permanently_failed',
      retryCount: 5,
      nextRetryAt: null,
      stripeReversalId: null,
      errorMessage: expect.stringContaining('503') as string,
    });
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'permanently_failed',
      reversedMinor: 0,
      nextRetryAt: null,
    });
    expect(await openFlags(world, 'reversal_gave_up', workflowId)).toHaveLength(1);
    expect((await world.refund(refundId)).status).toBe('succeeded');
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(0);
    await expectAgreement(world);
  });

  /** Stripe acts, its answer is lost, and before anybody can ask again it is down. */
  function downOnceDropped({ stripeTransferId }: { readonly stripeTransferId: string }): void {
    const dropped = world.stripe.control.waitForRequest(
      ({ params, outcome }) => params['id'] === stripeTransferId && outcome === 'dropped',
    );
    void dropped.then(() => onReversalsOf(world, stripeTransferId, STRIPE_IS_DOWN));
  }

  it('exhausted after an answer was lost: the last look-up finds the one reversal', async () => {
    const { reversal, stripeTransferId, workflowId, transfer } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
      before: downOnceDropped,
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(6);
    const [made, ...more] = world.stripe.control.reversals(stripeTransferId);
    expect(more).toEqual([]);
    expect((await reversalRow(world, reversal.id)).stripeReversalId).toBe(made!.id);
    expect(await postingsOf(world, transfer.id, 'reversal_done')).toBe(1);
    await expectAgreement(world);
  });

  it('exhausted while not even a look-up is answered: permanently_failed, and a retry finds what was done', async () => {
    const { reversal, stripeTransferId, workflowId, shop } = await refundedOrder(world, {
      troubles: [{ kind: 'dropAfter' }],
      before: (sold) => {
        downOnceDropped(sold);
        onReversalLookUps(world, sold.stripeTransferId, { kind: 'status', status: 503 });
      },
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    world.stripe.control.clearFaults();
    const answer = await world.post(shop.admin, `/admin/reversals/${reversal.id}/retry`, {
      reason: 'Stripe is back',
    });
    const successorId: string = answer.body['reversal']!['id']!;
    expect(await world.finished(`reversal/${successorId}`)).toEqual({ status: 'reversed' });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(6);
    expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
    await expectAgreement(world);
  });
});
