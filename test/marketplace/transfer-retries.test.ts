import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RequestEntry } from '../../stand-ins/kernel/requests.ts';
import { expectAgreement } from '../harness/agreement.ts';
import {
  balanceOf,
  keysOf,
  onlyTransfer,
  openFlags,
  sentTo,
  stateOf,
  transferCalls,
  transferRow,
} from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import { NET_MINOR, openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, paidOrder } from '../harness/stories.ts';
import { onTransferSearches, onTransfersTo, STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const QUICK = { TRANSFER_RETRY_BACKOFF_BASE: '10ms', TRANSFER_RETRY_BACKOFF_MAX: '100ms' };

describe('a transfer that is retried', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: QUICK });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  /** Stripe made the transfer, its answer was lost, and then it is down for every call. */
  async function firstAnswerLost({ buyer, seller: { accountId }, productIds }: Shop) {
    onTransfersTo(world, accountId, { kind: 'dropAfter' });
    const orderId = await paidOrder(world, buyer, productIds);
    const isLost = ({ operation, outcome, body }: RequestEntry) =>
      operation === 'transfers.create' &&
      outcome === 'dropped' &&
      (body as { destination?: string }).destination === accountId;
    await world.stripe.control.waitForRequest(isLost);
    onTransfersTo(world, accountId, STRIPE_IS_DOWN);
    return onlyTransfer(world, orderId);
  }

  it('retry stores it', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    onTransfersTo(world, seller.accountId, { kind: 'status', status: 503, times: 2 });
    const { transfers } = await completedOrder(world, buyer, productIds);
    expect(transfers).toMatchObject([
      {
        status: 'completed',
        retryCount: 2,
        stripeTransferId: sentTo(world, seller.accountId)[0]!.id,
        errorMessage: null,
      },
    ]);
    expect(transferCalls(world, seller.accountId)).toHaveLength(3);
    await expectAgreement(world);
  });

  it('exhausted after six calls: looked up twice more, permanently_failed, and a person is told', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    const { accountId } = seller;
    onTransfersTo(world, accountId, STRIPE_IS_DOWN);
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'permanently_failed' });
    const transfer = await transferRow(world, id);
    expect(transfer).toMatchObject({
      status: 'permanently_failed',
      retryCount: 5,
      stripeTransferId: null,
      nextRetryAt: null,
      errorMessage: expect.stringContaining('503') as string,
    });
    const calls = transferCalls(world, accountId);
    expect(keysOf(calls)).toEqual(Array(6).fill(`transfer:${transfer.id}:1`));
    const lookUps = world.stripe.control
      .requests('transfers.list')
      .filter((entry) => entry.query['transfer_group'] === orderId);
    expect(lookUps).toHaveLength(2);
    expect(lookUps[0]!.seq).toBeGreaterThan(calls[5]!.seq);
    expect(await openFlags(world, 'transfer_gave_up', `transfer/${transfer.id}`)).toHaveLength(1);
    expect(await stateOf(world, `transfer/${transfer.id}`)).toMatchObject({
      ended: true,
      status: 'permanently_failed',
      retryCount: 5,
    });
    expect((await balanceOf(world, seller.id)).pendingMinor).toBe(NET_MINOR);
    await expectAgreement(world);
  });

  it('exhausted after an answer was lost: the look-up finds the one transfer', async () => {
    const shop = await openShop(world);
    const { accountId } = shop.seller;
    const { id } = await firstAnswerLost(shop);
    await world.finished(`transfer/${id}`);
    expect(transferCalls(world, accountId)).toHaveLength(6);
    expect(sentTo(world, accountId)).toHaveLength(1);
    expect(await transferRow(world, id)).toMatchObject({
      status: 'completed',
      stripeTransferId: sentTo(world, accountId)[0]!.id,
    });
    await expectAgreement(world);
  });

  it('exhausted while Stripe’s list cannot be read: not given up, and no further call', async () => {
    const shop = await openShop(world);
    const { accountId } = shop.seller;
    const unreadable = onTransferSearches(world, null, STRIPE_IS_DOWN);
    const { id } = await firstAnswerLost(shop);
    const waiting = await until(
      () => transferRow(world, id),
      (row) => row.waitingFor === 'look_up',
    );
    expect(waiting).toMatchObject({ status: 'failed', retryCount: 5 });

    world.stripe.control.clearFaults(unreadable);
    await world.finished(`transfer/${id}`);
    expect(transferCalls(world, accountId)).toHaveLength(6);
    expect(await transferRow(world, id)).toMatchObject({
      status: 'completed',
      stripeTransferId: sentTo(world, accountId)[0]!.id,
    });
    await expectAgreement(world);
  });
});

describe('TRANSFER_RETRY_WORKER_ENABLED=false', () => {
  it('means that this worker does not serve transfers: one waits in sight until another worker takes it', async () => {
    const world = await World.create({ worker: false, env: { REVERSAL_WORKER_ENABLED: 'true' } });
    try {
      await world.startWorker({ TRANSFER_RETRY_WORKER_ENABLED: 'false' });
      const { buyer, seller, productIds } = await openShop(world);
      const orderId = await paidOrder(world, buyer, productIds);
      const { id } = await onlyTransfer(world, orderId);
      const handle = world.temporal.workflow.getHandle(`transfer/${id}`);
      const pending = await until(
        async () => (await handle.describe()).raw.pendingActivities?.[0] ?? null,
        (activity) => (activity?.attempt ?? 0) >= 2,
      );
      expect(pending?.lastFailure?.message).toContain('TRANSFER_RETRY_WORKER_ENABLED=false');
      expect(transferCalls(world, seller.accountId)).toEqual([]);
      expect((await transferRow(world, id)).status).toBe('pending');

      await world.stopWorker();
      await world.startWorker();
      await world.finished(`transfer/${id}`);
      expect(sentTo(world, seller.accountId)).toHaveLength(1);
      await expectAgreement(world);
    } finally {
      await world.close();
    }
  });
});
