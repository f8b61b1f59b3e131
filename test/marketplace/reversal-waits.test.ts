import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import {
  balanceOf,
  keysOf,
  openFlags,
  reversalCalls,
  reversalLookUps,
  reversalRow,
  transferRow,
} from '../harness/read.ts';
import { failedAttempts, waitsFor } from '../harness/wait.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { NET_MINOR } from '../harness/shop.ts';
import { completedOrder, signal } from '../harness/stories.ts';
import { onReversalsOf } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const HOUR_MS = 60 * 60 * 1000;
const PATIENT = { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' };

describe('what a reversal waits for without failing', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  /** The seller has spent the money when it is to be taken back. */
  const spent = () =>
    refundedOrder(world, {
      before: ({ shop }) => world.stripe.control.drainAccount(shop.seller.accountId),
    });

  it('not enough funds, then enough', async () => {
    const { shop, stripeTransferId, transfer, reversal, workflowId } = await spent();
    const waiting = await waitsFor(world, reversal.id, 'seller_funds');
    expect(waiting).toMatchObject({ status: 'pending', retryCount: 0 });
    expect(waiting.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(0.9 * HOUR_MS);
    expect(waiting.nextRetryAt!.getTime() - Date.now()).toBeLessThanOrEqual(HOUR_MS);
    expect(await openFlags(world, 'seller_funds_short', workflowId)).toHaveLength(1);
    expect((await transferRow(world, transfer.id)).status).toBe('reversal_pending');
    const shown = await world.get(shop.admin, `/admin/reversals?order_id=${transfer.orderId}`);
    expect(shown.body).toMatchObject({
      data: [{ id: reversal.id, waiting_for: 'seller_funds', retry_count: 0 }],
    });

    world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', NET_MINOR);
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    const calls = reversalCalls(world, stripeTransferId);
    expect(keysOf(calls)).toEqual([`reversal:${reversal.id}:1`, `reversal:${reversal.id}:2`]);
    const [lookUp] = reversalLookUps(world, stripeTransferId);
    expect(lookUp!.seq).toBeLessThan(calls[1]!.seq);
    expect((await reversalRow(world, reversal.id)).retryCount).toBe(0);
    await expectAgreement(world);
  });

  it('not enough funds, the other code that Stripe has for it', async () => {
    const { reversal, workflowId } = await refundedOrder(world, {
      before: ({ stripeTransferId }) => {
        world.stripe.control.addFault({
          kind: 'insufficientFunds',
          code: 'insufficient_funds',
          match: 'transfers.createReversal',
          where: { id: stripeTransferId },
        });
      },
    });
    expect(await waitsFor(world, reversal.id, 'seller_funds')).toMatchObject({ retryCount: 0 });
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    await expectAgreement(world);
  });

  it('not enough funds: asked again when a transfer to that seller completes', async () => {
    const { shop, reversal, workflowId } = await spent();
    await waitsFor(world, reversal.id, 'seller_funds');
    expect(await balanceOf(world, shop.seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: 0,
      owedMinor: 0,
    });

    await completedOrder(world, shop.buyer, shop.productIds);
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    expect(await reversalRow(world, reversal.id)).toMatchObject({ retryCount: 0, waitingFor: null });
    expect(world.stripe.control.accountBalance(shop.seller.accountId)).toEqual({ usd: 0 });
    expect((await balanceOf(world, shop.seller.id)).availableMinor).toBe(NET_MINOR);
    await expectAgreement(world);
  });

  it('a transfer to another seller does not wake it', async () => {
    const { stripeTransferId, reversal, workflowId, shop } = await spent();
    await waitsFor(world, reversal.id, 'seller_funds');
    const other = await refundedOrder(world);
    await world.finished(other.workflowId);
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
    world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', NET_MINOR);
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
  });

  it('a 429 is waited out as Retry-After says, with the same key and no attempt counted', async () => {
    const { stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 429, headers: { 'retry-after': '2' } }],
    });
    expect(await waitsFor(world, reversal.id, 'rate_limit')).toMatchObject({
      status: 'pending',
      retryCount: 0,
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    const [first, second] = reversalCalls(world, stripeTransferId);
    expect(keysOf([first!, second!])).toEqual(Array(2).fill(`reversal:${reversal.id}:1`));
    expect(Date.parse(second!.at) - Date.parse(first!.at)).toBeGreaterThanOrEqual(2_000);
    expect((await reversalRow(world, reversal.id)).retryCount).toBe(0);
    await expectAgreement(world);
  });

  it('a 429 without Retry-After waits the base', async () => {
    const { reversal, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 429 }],
    });
    const waiting = await waitsFor(world, reversal.id, 'rate_limit');
    expect(waiting.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(9 * 60_000);
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
  });

  it.each([401, 403])(
    'a %d is not the row’s fault: pending, one alert, goes on when the key works',
    async (status) => {
      const refunded = [
        await refundedOrder(world, { troubles: [{ kind: 'status', status, times: 2 }] }),
        await refundedOrder(world, { troubles: [{ kind: 'status', status, times: 2 }] }),
      ];
      for (const { reversal, workflowId } of refunded) {
        await waitsFor(world, reversal.id, 'stripe_key');
        await signal(world, workflowId, 'retryNow');
      }
      for (const { reversal, stripeTransferId } of refunded) {
        await world.stripe.control.waitForRequest(
          ({ params, outcome }) =>
            params['id'] === stripeTransferId &&
            outcome === 'answered' &&
            reversalCalls(world, stripeTransferId).length === 2,
        );
        expect(await waitsFor(world, reversal.id, 'stripe_key')).toMatchObject({
          status: 'pending',
          retryCount: 0,
        });
      }
      expect(await openFlags(world, 'stripe_refuses_our_key', 'stripe')).toHaveLength(1);
      for (const { reversal, workflowId, stripeTransferId } of refunded) {
        await signal(world, workflowId, 'retryNow');
        expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
        expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual(
          Array(3).fill(`reversal:${reversal.id}:1`),
        );
      }
      await expectAgreement(world);
    },
  );

  it('a shortage after failed attempts keeps their count', async () => {
    const { shop, stripeTransferId, reversal, workflowId } = await refundedOrder(world, {
      troubles: [{ kind: 'status', status: 503 }],
    });
    await failedAttempts(world, reversal.id, 1);
    world.stripe.control.drainAccount(shop.seller.accountId);
    await signal(world, workflowId, 'retryNow');
    expect(await waitsFor(world, reversal.id, 'seller_funds')).toMatchObject({ retryCount: 1 });
    world.stripe.control.topUpAccount(shop.seller.accountId, 'usd', NET_MINOR);
    onReversalsOf(world, stripeTransferId, { kind: 'status', status: 503 });
    await signal(world, workflowId, 'retryNow');
    expect(await failedAttempts(world, reversal.id, 2)).toMatchObject({ waitingFor: null });
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    await expectAgreement(world);
  });
});
