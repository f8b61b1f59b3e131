import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectAgreement } from '../harness/agreement.ts';
import { balanceOf, keysOf, onlyTransfer, sentTo, transferCalls, transferRow } from '../harness/read.ts';
import { stateAfterAttempt, until } from '../harness/wait.ts';
import { NET_MINOR, openShop } from '../harness/shop.ts';
import { completedOrder, paidOrder, signal } from '../harness/stories.ts';
import { madeBehindOurBack, onTransfersTo, REFUSED } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = { TRANSFER_RETRY_BACKOFF_BASE: '10m', TRANSFER_RETRY_BACKOFF_MAX: '1h' };

describe('an attempt to send a transfer', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => world.stripe.control.clearFaults());
  afterAll(() => world.close());

  /** A paid order of one seller, whose transfer has lost its first attempt. */
  async function failedTransfer() {
    const shop = await openShop(world);
    const { accountId } = shop.seller;
    onTransfersTo(world, accountId, { kind: 'status', status: 503 });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    const transfer = await until(
      () => transferRow(world, id),
      (row) => row.status === 'failed',
    );
    return { ...shop, accountId, orderId, transfer, workflowId: `transfer/${id}` };
  }

  it('first attempt stores the id', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    const { orderId, transfers } = await completedOrder(world, buyer, productIds);
    const [sent] = sentTo(world, seller.accountId);
    expect(transfers).toMatchObject([
      {
        status: 'completed',
        stripeTransferId: sent!.id,
        stripeAccountId: seller.accountId,
        amountMinor: NET_MINOR,
        askedAmountMinor: NET_MINOR,
        retryCount: 0,
        nextRetryAt: null,
        errorMessage: null,
      },
    ]);
    expect(sent).toMatchObject({
      amount: NET_MINOR,
      currency: 'usd',
      transfer_group: orderId,
      metadata: { order_id: orderId, transfer_id: transfers[0]!.id },
    });
    expect(keysOf(transferCalls(world, seller.accountId))).toEqual([`transfer:${transfers[0]!.id}:1`]);
    expect(await balanceOf(world, seller.id)).toEqual({
      pendingMinor: 0,
      availableMinor: NET_MINOR,
      owedMinor: 0,
    });
    await expectAgreement(world);
  });

  it('provider error stores none', async () => {
    const { transfer, accountId, seller, workflowId } = await failedTransfer();
    expect(transfer).toMatchObject({
      status: 'failed',
      stripeTransferId: null,
      completedAt: null,
      retryCount: 1,
      errorMessage: expect.stringContaining('503') as string,
    });
    expect(transfer.nextRetryAt!.getTime()).toBeGreaterThan(Date.now());
    expect(sentTo(world, accountId)).toEqual([]);
    expect(await balanceOf(world, seller.id)).toEqual({
      pendingMinor: NET_MINOR,
      availableMinor: 0,
      owedMinor: 0,
    });
    expect(await stateAfterAttempt(world, workflowId)).toMatchObject({
      ended: false,
      retryCount: 1,
      waitingFor: null,
      nextAttemptAt: transfer.nextRetryAt!.toISOString(),
      lastError: transfer.errorMessage,
    });
    await expectAgreement(world);
  });

  it('manual retry stores it: the same row, at once, with the same key', async () => {
    const { transfer, accountId, admin, workflowId } = await failedTransfer();
    const answer = await world.post(admin, `/admin/transfers/${transfer.id}/retry`, {});
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ transfer: { id: transfer.id, retry_of: null } });
    await world.finished(workflowId);
    const [sent] = sentTo(world, accountId);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'completed',
      stripeTransferId: sent!.id,
      errorMessage: null,
    });
    expect(keysOf(transferCalls(world, accountId))).toEqual([
      `transfer:${transfer.id}:1`,
      `transfer:${transfer.id}:1`,
    ]);
    await expectAgreement(world);
  });

  it('a signal retryNow makes the next attempt now', async () => {
    const { transfer, workflowId } = await failedTransfer();
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'completed' });
    expect((await transferRow(world, transfer.id)).stripeTransferId).toMatch(/^tr_/);
  });

  it('answer lost after Stripe transferred: one transfer', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    const { accountId } = seller;
    onTransfersTo(world, accountId, { kind: 'dropAfter' });
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.retryCount === 1,
    );
    expect(sentTo(world, accountId)).toHaveLength(1);
    expect((await transferRow(world, id)).stripeTransferId).toBeNull();

    await signal(world, `transfer/${id}`, 'retryNow');
    await world.finished(`transfer/${id}`);
    const calls = transferCalls(world, accountId);
    expect(keysOf(calls)).toEqual([`transfer:${id}:1`, `transfer:${id}:1`]);
    expect(calls[1]!.replayed).toBe(true);
    expect(sentTo(world, accountId)).toHaveLength(1);
    expect((await transferRow(world, id)).stripeTransferId).toBe(sentTo(world, accountId)[0]!.id);
    await expectAgreement(world);
  });

  it('no answer, a 5xx, a 409: the same key again', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    const { accountId } = seller;
    const faults = [
      { kind: 'dropBefore' },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 409 },
      { kind: 'dropAfter' },
    ] as const;
    onTransfersTo(world, accountId, faults[0]);
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    for (const [index, fault] of faults.slice(1).entries()) {
      await until(
        () => transferRow(world, id),
        (row) => row.retryCount === index + 1,
      );
      onTransfersTo(world, accountId, fault);
      await signal(world, `transfer/${id}`, 'retryNow');
    }
    await until(
      () => transferRow(world, id),
      (row) => row.retryCount === faults.length,
    );
    await signal(world, `transfer/${id}`, 'retryNow');
    await world.finished(`transfer/${id}`);
    expect(keysOf(transferCalls(world, accountId))).toEqual(Array(5).fill(`transfer:${id}:1`));
    expect(sentTo(world, accountId)).toHaveLength(1);
    await expectAgreement(world);
  });

  it('a new key only after a definite 4xx and a look-up that shows nothing of ours', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    const { accountId } = seller;
    onTransfersTo(world, accountId, REFUSED);
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    const refused = await until(
      () => transferRow(world, id),
      (row) => row.status === 'failed',
    );
    expect(refused).toMatchObject({ retryCount: 1, askedAt: null, askedAmountMinor: null });
    await signal(world, `transfer/${id}`, 'retryNow');
    await world.finished(`transfer/${id}`);
    const calls = transferCalls(world, accountId);
    expect(keysOf(calls)).toEqual([`transfer:${id}:1`, `transfer:${id}:2`]);
    const lookUps = world.stripe.control
      .requests('transfers.list')
      .filter((entry) => entry.query['transfer_group'] === orderId);
    expect(lookUps.map((entry) => entry.query['destination'])).toEqual([undefined]);
    expect(lookUps[0]!.seq).toBeGreaterThan(calls[0]!.seq);
    expect(lookUps[0]!.seq).toBeLessThan(calls[1]!.seq);
    await expectAgreement(world);
  });

  it('a stored 500 does not block for ever: once it comes back replayed, a look-up and a new key', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    const { accountId } = seller;
    onTransfersTo(world, accountId, { kind: 'status', status: 500, stored: true });
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    for (const count of [1, 2]) {
      await until(
        () => transferRow(world, id),
        (row) => row.retryCount === count,
      );
      await signal(world, `transfer/${id}`, 'retryNow');
    }
    await world.finished(`transfer/${id}`);
    const calls = transferCalls(world, accountId);
    expect(keysOf(calls)).toEqual([`transfer:${id}:1`, `transfer:${id}:1`, `transfer:${id}:2`]);
    expect(calls.map((call) => call.replayed)).toEqual([false, true, false]);
    expect(sentTo(world, accountId)).toHaveLength(1);
    await expectAgreement(world);
  });

  it('the look-up before a new key finds the transfer that a lost answer had made', async () => {
    const { transfer, accountId, workflowId } = await failedTransfer();
    const id = await madeBehindOurBack(world, transfer, accountId);
    onTransfersTo(world, accountId, {
      kind: 'status',
      status: 500,
      headers: { 'idempotent-replayed': 'true' },
    });
    await signal(world, workflowId, 'retryNow');
    await world.finished(workflowId);
    expect(await transferRow(world, transfer.id)).toMatchObject({
      status: 'completed',
      stripeTransferId: id,
    });
    expect(sentTo(world, accountId)).toHaveLength(1);
    await expectAgreement(world);
  });
});
