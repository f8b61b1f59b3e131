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
/** Long enough to kill a worker while it waits for the answer. */
const SLOW = { kind: 'latency', delayMs: 6_000 } as const;

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
    'while Stripe is asked: the same key again, one transfer and one reversal each',
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
      const refundId = await openedRefund(world, sold.shop.buyer, sold.orderId);
      await signal(world, later.workflowId, 'retryNow');
      await world.finished(`refund/${refundId}`);
      const first = await onlyReversal(world, refundId);
      const open = await until(
        () =>
          Promise.resolve(
            [
              ...transferCalls(world, shop.seller.accountId),
              ...reversalCalls(world, sold.stripeTransferId),
              ...reversalCalls(world, later.stripeTransferId),
            ].filter((call) => call.outcome === 'open'),
          ),
        (calls) => calls.length === 3,
      );
      await killAndReplace();
      for (const call of open) expect(call.faults).toEqual(['latency']);
      // An attempt that met its predecessor at Stripe, still carried out, is repeated now and not in ten minutes.
      for (const id of [`transfer/${transfer.id}`, `reversal/${first.id}`, later.workflowId]) {
        if (await world.engine.isRunning(id)) await signal(world, id, 'retryNow');
      }
      expect(await world.finished(`transfer/${transfer.id}`)).toEqual({ status: 'completed' });
      expect(await world.finished(`reversal/${first.id}`)).toEqual({ status: 'reversed' });
      expect(await world.finished(later.workflowId)).toEqual({ status: 'reversed' });
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
