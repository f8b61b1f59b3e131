import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { completeTransfer } from '../../db/marketplace/transfers/complete.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  keysOf,
  onlyReversal,
  onlyTransfer,
  postingsOf,
  reversalCalls,
  reversalRow,
  sentTo,
  transferCalls,
  transferRow,
  workflowStatus,
} from '../harness/read.ts';
import { failedAttempts, until, waitsFor } from '../harness/wait.ts';
import { type Refunded, refundedOrder, soldOrder } from '../harness/refunded.ts';
import { connect, NET_MINOR, openShop, type Shop } from '../harness/shop.ts';
import { openedRefund, paidOrder, signal } from '../harness/stories.ts';
import { onReversalsOf, onTransfersTo, type Trouble } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const PATIENT = {
  TRANSFER_RETRY_BACKOFF_BASE: '10m',
  TRANSFER_RETRY_BACKOFF_MAX: '1h',
  REVERSAL_BACKOFF_BASE: '10m',
  REVERSAL_BACKOFF_MAX: '1h',
};
const LONG_MS = 120_000;
const HOUR = { 'retry-after': '3600' };
/** Long enough to open other calls and to kill the worker while all of them wait for their answers. */
const SLOW = { kind: 'latency', delayMs: 10_000 } as const;

describe('a worker that is killed', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT, worker: false });
    await world.startWorkerProcess();
  }, LONG_MS);
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  async function killAndReplace(): Promise<void> {
    await world.killWorkerProcess();
    world.stripe.control.clearFaults();
    await world.startWorkerProcess();
  }

  it(
    'in every wait of a transfer: the next worker goes on, and each is sent once',
    async () => {
      const waits: readonly { what: string | null; trouble: Trouble | null; generation: number }[] = [
        { what: 'stripe_account', trouble: null, generation: 1 },
        { what: null, trouble: { kind: 'status', status: 503 }, generation: 1 },
        { what: null, trouble: { kind: 'dropAfter' }, generation: 1 },
        { what: 'platform_balance', trouble: { kind: 'insufficientFunds' }, generation: 2 },
        { what: 'rate_limit', trouble: { kind: 'status', status: 429, headers: HOUR }, generation: 1 },
        { what: 'stripe_key', trouble: { kind: 'status', status: 401 }, generation: 1 },
      ];
      const waiting: { shop: Shop; id: string; generation: number }[] = [];
      for (const { what, trouble, generation } of waits) {
        const shop = await openShop(world, { connected: trouble !== null });
        if (trouble) onTransfersTo(world, shop.seller.accountId, trouble);
        const orderId = await paidOrder(world, shop.buyer, shop.productIds);
        const { id } = await onlyTransfer(world, orderId);
        await until(
          () => transferRow(world, id),
          (row) => row.nextRetryAt !== null && row.waitingFor === what,
        );
        waiting.push({ shop, id, generation });
      }
      await killAndReplace();
      for (const { shop, id } of waiting) {
        await connect(world, shop.seller);
        await signal(world, `transfer/${id}`, 'retryNow');
      }
      for (const { shop, id, generation } of waiting) {
        expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
        expect(sentTo(world, shop.seller.accountId)).toMatchObject([{ amount: NET_MINOR }]);
        expect(keysOf(transferCalls(world, shop.seller.accountId)).at(-1)).toBe(
          `transfer:${id}:${generation}`,
        );
      }
      await expectAgreement(world);
    },
    LONG_MS,
  );

  it(
    'in every wait of a reversal: the next worker goes on, and each is reversed once',
    async () => {
      const waits: readonly { what: string | null; trouble: Trouble; generation: number }[] = [
        { what: null, trouble: { kind: 'status', status: 503 }, generation: 1 },
        { what: null, trouble: { kind: 'dropAfter' }, generation: 1 },
        { what: 'seller_funds', trouble: { kind: 'insufficientFunds' }, generation: 2 },
        { what: 'rate_limit', trouble: { kind: 'status', status: 429, headers: HOUR }, generation: 1 },
        { what: 'stripe_key', trouble: { kind: 'status', status: 401 }, generation: 1 },
      ];
      const waiting: (Refunded & { generation: number; count: number })[] = [];
      for (const { what, trouble, generation } of waits) {
        const refunded = await refundedOrder(world, { troubles: [trouble] });
        const { id } = refunded.reversal;
        const { retryCount } =
          what === null ? await failedAttempts(world, id, 1) : await waitsFor(world, id, what);
        waiting.push({ ...refunded, generation, count: retryCount });
      }
      await killAndReplace();
      for (const { workflowId } of waiting) await signal(world, workflowId, 'retryNow');
      for (const { workflowId, reversal, stripeTransferId, generation, count } of waiting) {
        expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
        expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
        expect(keysOf(reversalCalls(world, stripeTransferId))).toEqual([
          `reversal:${reversal.id}:1`,
          `reversal:${reversal.id}:${generation}`,
        ]);
        expect((await reversalRow(world, reversal.id)).retryCount).toBe(count);
      }
      await expectAgreement(world);
    },
    LONG_MS,
  );

  it(
    'between Stripe’s answer and its record, also within takeBack: the same key again, one transfer and one reversal each',
    async () => {
      // One whose first attempt failed asks through the queue.
      const later = await refundedOrder(world, { troubles: [{ kind: 'status', status: 503 }] });
      await failedAttempts(world, later.reversal.id, 1);
      const sold = await soldOrder(world);
      const shop = await openShop(world);
      onTransfersTo(world, shop.seller.accountId, SLOW);
      for (const id of [sold.stripeTransferId, later.stripeTransferId]) onReversalsOf(world, id, SLOW);

      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const transfer = await onlyTransfer(world, orderId);
      await signal(world, later.workflowId, 'retryNow');
      const calls = () => [
        ...transferCalls(world, shop.seller.accountId),
        ...reversalCalls(world, sold.stripeTransferId),
        ...reversalCalls(world, later.stripeTransferId),
      ];
      const openCalls = (count: number) =>
        until(
          () => Promise.resolve(calls().filter((call) => call.outcome === 'open')),
          (open) => open.length === count,
        );
      await openCalls(2);
      // Last, since its refund waits for Stripe but four seconds.
      const refundId = await openedRefund(world, sold.shop.buyer, sold.orderId);
      const open = await openCalls(3);
      await world.killWorkerProcess();
      expect(open.map((call) => call.faults)).toEqual([['latency'], ['latency'], ['latency']]);
      const first = await onlyReversal(world, refundId);
      expect(await workflowStatus(world, `refund/${refundId}`)).toBe('RUNNING');
      expect(await world.engine.isRunning(`reversal/${first.id}`)).toBe(false);
      await until(
        () => Promise.resolve(open),
        (ended) => ended.every((call) => call.outcome === 'answered'),
      );
      expect(await reversalRow(world, first.id)).toMatchObject({ status: 'pending', stripeReversalId: null });
      await world.startWorkerProcess();
      expect(await world.finished(`transfer/${transfer.id}`)).toEqual({ status: 'completed' });
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
      expect(await world.finished(`reversal/${first.id}`)).toEqual({ status: 'reversed' });
      expect(await world.finished(later.workflowId)).toEqual({ status: 'reversed' });
      expect(calls().map((call) => call.replayed)).toEqual([false, true, false, true, false, false, true]);
      expect(sentTo(world, shop.seller.accountId)).toHaveLength(1);
      expect(new Set(keysOf(transferCalls(world, shop.seller.accountId)))).toEqual(
        new Set([`transfer:${transfer.id}:1`]),
      );
      for (const [stripeTransferId, reversalId] of [
        [sold.stripeTransferId, first.id],
        [later.stripeTransferId, later.reversal.id],
      ] as const) {
        expect(world.stripe.control.reversals(stripeTransferId)).toHaveLength(1);
        expect(new Set(keysOf(reversalCalls(world, stripeTransferId)))).toEqual(
          new Set([`reversal:${reversalId}:1`]),
        );
      }
      expect(await postingsOf(world, sold.transfer.id, 'reversal_done')).toBe(1);
      await expectAgreement(world);
    },
    LONG_MS,
  );

  it(
    'between a transfer’s completing transaction and the start of the reversals it opened: they are started all the same',
    async () => {
      const shop = await openShop(world);
      onTransfersTo(world, shop.seller.accountId, { kind: 'dropAfter' });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await until(
        () => transferRow(world, id),
        (row) => row.retryCount === 1,
      );
      const refundId = await openedRefund(world, shop.buyer, orderId);
      await world.finished(`refund/${refundId}`);
      // What the dead worker had committed, and nothing that it would have done next.
      await completeTransfer(world.database.db, id, sentTo(world, shop.seller.accountId)[0]!.id);
      const reversal = await onlyReversal(world, refundId);
      expect(await world.engine.isRunning(`reversal/${reversal.id}`)).toBe(false);

      await signal(world, `transfer/${id}`, 'retryNow');
      await world.finished(`transfer/${id}`);
      expect(await world.finished(`reversal/${reversal.id}`)).toEqual({ status: 'reversed' });
      expect(transferCalls(world, shop.seller.accountId)).toHaveLength(1);
      await expectAgreement(world);
    },
    LONG_MS,
  );
});
