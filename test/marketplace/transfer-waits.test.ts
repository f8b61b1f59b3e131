import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { keysOf, onlyTransfer, openFlags, sentTo, transferCalls, transferRow } from '../harness/read.ts';
import { stateAfterAttempt, until } from '../harness/wait.ts';
import { connect, NET_MINOR, openShop } from '../harness/shop.ts';
import { paidOrder, signal } from '../harness/stories.ts';
import { onTransferSearches, onTransfersTo } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const HOUR_MS = 60 * 60 * 1000;
const PATIENT = { TRANSFER_RETRY_BACKOFF_BASE: '10m', TRANSFER_RETRY_BACKOFF_MAX: '1h' };

describe('what a transfer waits for without failing', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(() => {
    world.stripe.control.clearFaults();
    world.stripe.control.setPlatformBalance('usd', null);
  });
  afterAll(() => world.close());

  const waitingFor = (transferId: string, what: string) =>
    until(
      () => transferRow(world, transferId),
      (row) => row.waitingFor === what,
    );

  it('a seller without a Stripe account: it waits visibly and goes out when one is connected', async () => {
    const { buyer, seller, admin, productIds } = await openShop(world, { connected: false });
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    const waiting = await waitingFor(id, 'stripe_account');
    expect(waiting).toMatchObject({ status: 'pending', retryCount: 0, askedAt: null, idempotencyKey: null });
    const listed = await world.get(admin, `/admin/transfers?order_id=${orderId}&status=pending`);
    expect(listed.body).toMatchObject({
      data: [{ id, waiting_for: 'stripe_account', error_message: 'the seller has no Stripe account yet' }],
    });
    expect(await stateAfterAttempt(world, `transfer/${id}`)).toMatchObject({
      ended: false,
      retryCount: 0,
      waitingFor: 'stripe_account',
    });
    expect(transferCalls(world, seller.accountId)).toEqual([]);

    await connect(world, seller);
    await world.post(admin, `/admin/transfers/${id}/retry`, {});
    await world.finished(`transfer/${id}`);
    expect(await transferRow(world, id)).toMatchObject({
      status: 'completed',
      stripeAccountId: seller.accountId,
      waitingFor: null,
    });
    expect(keysOf(transferCalls(world, seller.accountId))).toEqual([`transfer:${id}:1`]);
    await expectAgreement(world);
  });

  it('not enough balance yet is no failed attempt: asked again every _BACKOFF_MAX, under a new key', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    world.stripe.control.setPlatformBalance('usd', NET_MINOR - 1);
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    const waiting = await waitingFor(id, 'platform_balance');
    expect(waiting).toMatchObject({ status: 'pending', retryCount: 0, askedAt: null });
    expect(waiting.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(0.9 * HOUR_MS);
    expect(waiting.nextRetryAt!.getTime() - Date.now()).toBeLessThanOrEqual(HOUR_MS);

    world.stripe.control.setPlatformBalance('usd', NET_MINOR);
    await signal(world, `transfer/${id}`, 'retryNow');
    await world.finished(`transfer/${id}`);
    expect(keysOf(transferCalls(world, seller.accountId))).toEqual([`transfer:${id}:1`, `transfer:${id}:2`]);
    expect(await transferRow(world, id)).toMatchObject({ status: 'completed', retryCount: 0 });
    await expectAgreement(world);
  });

  it('a 429 is waited out as Retry-After says, with the same key and no attempt counted', async () => {
    const { buyer, seller, productIds } = await openShop(world);
    onTransfersTo(world, seller.accountId, { kind: 'status', status: 429, headers: { 'retry-after': '1' } });
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    const waiting = await waitingFor(id, 'rate_limit');
    expect(waiting).toMatchObject({ status: 'pending', retryCount: 0 });
    await world.finished(`transfer/${id}`);
    const [first, second] = transferCalls(world, seller.accountId);
    expect(keysOf([first!, second!])).toEqual([`transfer:${id}:1`, `transfer:${id}:1`]);
    expect(Date.parse(second!.at) - Date.parse(first!.at)).toBeGreaterThanOrEqual(1_000);
    expect(await transferRow(world, id)).toMatchObject({ status: 'completed', retryCount: 0 });
    await expectAgreement(world);
  });

  it.each([401, 403])(
    'a %d is not the transfer’s fault: pending, one alert, goes on when the key works',
    async (status) => {
      const { buyer, sellers, productIds } = await openShop(world, { prices: [10_000, 2_000] });
      const faults = sellers.map(({ accountId }) =>
        onTransfersTo(world, accountId, { kind: 'status', status, times: 'always' }),
      );
      const orderId = await paidOrder(world, buyer, productIds);
      const transfers = await world.transfersOf(orderId);
      for (const { id } of transfers) {
        const waiting = await waitingFor(id, 'stripe_key');
        expect(waiting).toMatchObject({ status: 'pending', retryCount: 0 });
      }
      expect(await openFlags(world, 'stripe_refuses_our_key', 'stripe')).toHaveLength(1);

      for (const fault of faults) world.stripe.control.clearFaults(fault);
      for (const { id } of transfers) {
        await signal(world, `transfer/${id}`, 'retryNow');
        expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      }
      for (const [index, { accountId }] of sellers.entries()) {
        const { id } = (await world.transfersOf(orderId)).find((row) => row.sellerId === sellers[index]!.id)!;
        expect(new Set(keysOf(transferCalls(world, accountId)))).toEqual(new Set([`transfer:${id}:1`]));
        expect(sentTo(world, accountId)).toHaveLength(1);
      }
      await expectAgreement(world);
    },
  );

  describe('a key older than a day is looked up first', () => {
    /** Asked more than a day ago, and Stripe has forgotten the key since. */
    async function askedLongAgo(trouble: { readonly kind: 'dropBefore' | 'dropAfter' }) {
      const shop = await openShop(world);
      const { accountId } = shop.seller;
      onTransfersTo(world, accountId, trouble);
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await until(
        () => transferRow(world, id),
        (row) => row.retryCount === 1,
      );
      await world.database.db
        .update(sellerTransfers)
        .set({ askedAt: new Date(Date.now() - 25 * HOUR_MS) })
        .where(eq(sellerTransfers.id, id));
      world.stripe.control.pruneIdempotencyKeys();
      return { id, orderId, accountId, workflowId: `transfer/${id}` };
    }

    it('and what Stripe has is taken instead of sent again', async () => {
      const { id, accountId, workflowId } = await askedLongAgo({ kind: 'dropAfter' });
      await signal(world, workflowId, 'retryNow');
      await world.finished(workflowId);
      expect(sentTo(world, accountId)).toHaveLength(1);
      expect(transferCalls(world, accountId)).toHaveLength(1);
      expect((await transferRow(world, id)).stripeTransferId).toBe(sentTo(world, accountId)[0]!.id);
      await expectAgreement(world);
    });

    it('and what Stripe does not have is sent under a new key', async () => {
      const { id, accountId, workflowId } = await askedLongAgo({ kind: 'dropBefore' });
      await signal(world, workflowId, 'retryNow');
      await world.finished(workflowId);
      expect(keysOf(transferCalls(world, accountId))).toEqual([`transfer:${id}:1`, `transfer:${id}:2`]);
      expect(sentTo(world, accountId)).toHaveLength(1);
      await expectAgreement(world);
    });

    it('and while Stripe’s list cannot be read nothing is sent', async () => {
      const { id, orderId, accountId, workflowId } = await askedLongAgo({ kind: 'dropAfter' });
      onTransferSearches(world, orderId, { kind: 'status', status: 503 });
      await signal(world, workflowId, 'retryNow');
      await until(
        () => transferRow(world, id),
        (row) => row.retryCount === 2,
      );
      expect(transferCalls(world, accountId)).toHaveLength(1);
      await signal(world, workflowId, 'retryNow');
      await world.finished(workflowId);
      expect(sentTo(world, accountId)).toHaveLength(1);
      await expectAgreement(world);
    });
  });
});
