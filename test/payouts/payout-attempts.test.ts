import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { keysOf, openFlags } from '../harness/read.ts';
import { signal } from '../harness/stories.ts';
import { stateAfterAttempt } from '../harness/wait.ts';
import {
  earnedShop,
  fundsOf,
  madeFor,
  onPayouts,
  openedPayout,
  payoutCalls,
  payoutIs,
  payoutRow,
  postingsOf,
  waitsFor,
} from '../harness/payouts.ts';
import { NET_MINOR } from '../harness/shop.ts';
import { paidOutBehindOurBack } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const HOUR_MS = 60 * 60 * 1000;
// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = {
  TRANSFER_RETRY_BACKOFF_BASE: '10m',
  TRANSFER_RETRY_BACKOFF_MAX: '1h',
  STRIPE_READ_LAG: '10m',
};
const onLists = (world: World, times: number | 'always' = 1) =>
  world.stripe.control.addFault({ kind: 'status', status: 503, match: 'payouts.list', times });

describe('an attempt to make a payout', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    world.stripe.control.setPayoutMode('auto');
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  /** A payout that has lost its first attempt. */
  async function troubled(fault: Parameters<typeof onPayouts>[1]) {
    const earned = await earnedShop(world);
    onPayouts(world, fault);
    const id = await openedPayout(world, earned.seller);
    const row = await payoutIs(world, id, (seen) => seen.retryCount === 1 || seen.waitingFor !== null);
    return { ...earned, id, row, workflowId: `payout/${id}` };
  }
  const paid = async (id: string) => {
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    expect(await payoutRow(world, id)).toMatchObject({ status: 'paid', nextRetryAt: null, waitingFor: null });
    expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_paid']);
  };

  it.each([['dropAfter'], ['timeoutAfter']] as const)(
    'answer lost (%s): asked again with the same key, one payout',
    async (kind) => {
      const earned = await earnedShop(world);
      world.stripe.control.setPayoutMode('manual');
      onPayouts(world, { kind });
      const id = await openedPayout(world, earned.seller);
      await payoutIs(world, id, (seen) => seen.retryCount === 1);
      expect(madeFor(world, earned.seller)).toHaveLength(1);
      await signal(world, `payout/${id}`, 'retryNow');
      await payoutIs(world, id, (seen) => seen.externalPayoutId !== null);
      expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:1`]);
      const [made, ...others] = madeFor(world, earned.seller);
      expect(others).toEqual([]);
      world.stripe.control.settlePayout(made!.id, 'paid');
      await paid(id);
    },
  );

  it('503, then success: a failed attempt is counted, shown, and retried with the same key', async () => {
    const { id, row, workflowId, seller } = await troubled({ kind: 'status', status: 503 });
    expect(row).toMatchObject({
      status: 'pending',
      retryCount: 1,
      errorMessage: expect.stringContaining('503') as string,
    });
    expect(row.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(8 * 60_000);
    expect(await stateAfterAttempt(world, workflowId)).toMatchObject({
      ended: false,
      retryCount: 1,
      lastError: row.errorMessage,
    });
    expect((await world.get(seller, `/sellers/me/payouts/${id}`)).body['payout']).toMatchObject({
      status: 'pending',
      retry_count: 1,
      next_retry_at: row.nextRetryAt!.toISOString(),
    });
    await signal(world, workflowId, 'retryNow');
    await paid(id);
    expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:1`]);
  });

  it('a stored 500: looked up, then asked under a new key', async () => {
    const { id, workflowId, seller } = await troubled({ kind: 'status', status: 500, stored: true });
    await signal(world, workflowId, 'retryNow');
    await payoutIs(world, id, (row) => row.retryCount === 2);
    await signal(world, workflowId, 'retryNow');
    await paid(id);
    expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:1`, `payout:${id}:2`]);
    expect(madeFor(world, seller)).toHaveLength(1);
  });

  it('insufficient at Stripe is no failed attempt: it waits in sight, and goes out under a new key', async () => {
    const { id, row, workflowId, seller } = await troubled({ kind: 'insufficientFunds' });
    expect(row).toMatchObject({ status: 'pending', retryCount: 0, waitingFor: 'seller_funds' });
    expect(row.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(0.9 * HOUR_MS);
    expect(await openFlags(world, 'seller_funds_short', workflowId)).toHaveLength(1);
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: NET_MINOR });
    await signal(world, workflowId, 'retryNow');
    await paid(id);
    expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:2`]);
  });

  it.each([
    [429, 'rate_limit'],
    [401, 'stripe_key'],
    [403, 'stripe_key'],
  ] as const)(
    'a %d is not the payout’s fault: it waits for %s with its key, and no attempt is counted',
    async (status, waitingFor) => {
      const { id, row, workflowId } = await troubled({ kind: 'status', status });
      expect(row).toMatchObject({ status: 'pending', retryCount: 0, waitingFor });
      await signal(world, workflowId, 'retryNow');
      await paid(id);
      expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:1`]);
    },
  );

  it('webhook before the answer: paid once, and the answer changes nothing', async () => {
    const { seller } = await earnedShop(world);
    onPayouts(world, { kind: 'webhookFirst' });
    const id = await openedPayout(world, seller);
    await paid(id);
    expect((await payoutRow(world, id)).externalPayoutId).toBe(madeFor(world, seller)[0]!.id);
    expect(payoutCalls(world, id)).toHaveLength(1);
  });

  it('webhook instead of the answer: it ends the payout that waited for its next attempt', async () => {
    const { seller } = await earnedShop(world);
    world.stripe.control.setPayoutMode('manual');
    onPayouts(world, { kind: 'dropAfter' });
    const id = await openedPayout(world, seller);
    await payoutIs(world, id, (row) => row.retryCount === 1);
    const [made] = madeFor(world, seller);
    world.stripe.control.settlePayout(made!.id, 'paid');
    await paid(id);
    expect((await payoutRow(world, id)).externalPayoutId).toBe(made!.id);
    expect(payoutCalls(world, id)).toHaveLength(1);
  });

  describe('a key older than a day is looked up first', () => {
    async function askedLongAgo(kind: 'dropBefore' | 'dropAfter') {
      world.stripe.control.setPayoutMode('manual');
      const lost = await troubled({ kind });
      const askedAt = new Date(Date.now() - 25 * HOUR_MS);
      await world.database.db.update(sellerPayouts).set({ askedAt }).where(eq(sellerPayouts.id, lost.id));
      world.stripe.control.pruneIdempotencyKeys();
      return lost;
    }
    const end = async (id: string, seller: Parameters<typeof madeFor>[1]) => {
      const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
      expect(madeFor(world, seller).map((made) => made.id)).toEqual([externalPayoutId]);
      world.stripe.control.settlePayout(externalPayoutId!, 'paid');
      await paid(id);
    };

    it('and what Stripe has is taken instead of made again', async () => {
      const { id, workflowId, seller } = await askedLongAgo('dropAfter');
      await signal(world, workflowId, 'retryNow');
      await end(id, seller);
      expect(payoutCalls(world, id)).toHaveLength(1);
    });

    it('and what Stripe does not have is made under a new key', async () => {
      const { id, workflowId, seller } = await askedLongAgo('dropBefore');
      await signal(world, workflowId, 'retryNow');
      await end(id, seller);
      expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:2`]);
    });

    it('and while Stripe’s list cannot be read nothing is made', async () => {
      const { id, workflowId, seller } = await askedLongAgo('dropAfter');
      onLists(world);
      await signal(world, workflowId, 'retryNow');
      await payoutIs(world, id, (row) => row.retryCount === 2);
      expect(payoutCalls(world, id)).toHaveLength(1);
      await signal(world, workflowId, 'retryNow');
      await end(id, seller);
    });
  });

  describe('giving up', () => {
    const tenMinutesLater = (id: string) =>
      world.database.db
        .update(sellerPayouts)
        .set({ missedAt: new Date(Date.now() - 10 * 60_000) })
        .where(eq(sellerPayouts.id, id));

    it('by an operator: two looks, ten minutes apart, show nothing, and the seller has the money back', async () => {
      const { id, workflowId, seller } = await troubled({ kind: 'status', status: 503 });
      await signal(world, workflowId, 'giveUp', 'the bank is gone');
      const row = await waitsFor(world, id, 'last_look');
      expect(row.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(9 * 60_000);
      // A look that comes early ends nothing, and nothing is asked for any more.
      await signal(world, workflowId, 'retryNow');
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: NET_MINOR });
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'failed' });
      expect(payoutCalls(world, id)).toHaveLength(1);
      expect(await payoutRow(world, id)).toMatchObject({
        status: 'failed',
        externalPayoutId: null,
        errorMessage: 'the bank is gone',
      });
      expect(await fundsOf(world, seller)).toEqual({
        availableMinor: NET_MINOR,
        payingOutMinor: 0,
        owedMinor: 0,
      });
      expect(await openFlags(world, 'payout_gave_up', workflowId)).toHaveLength(1);
      expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_failed']);
    });

    it('given up, and made by Stripe between the two looks: it is paid once', async () => {
      world.stripe.control.setPayoutMode('manual');
      const { id, row, workflowId, seller } = await troubled({ kind: 'dropBefore' });
      await signal(world, workflowId, 'giveUp', 'it takes too long');
      await waitsFor(world, id, 'last_look');
      expect((await world.post(seller, '/sellers/me/payouts')).body['code']).toBe('nothing_available');
      const stripePayoutId = await paidOutBehindOurBack(world, row, seller.accountId);
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      await payoutIs(world, id, (seen) => seen.externalPayoutId === stripePayoutId);
      world.stripe.control.settlePayout(stripePayoutId, 'paid');
      await paid(id);
      expect(madeFor(world, seller)).toHaveLength(1);
    });

    it('by the console: the row keeps it, also while the second look cannot be had', async () => {
      const { id, workflowId, seller, shop } = await troubled({ kind: 'status', status: 503 });
      const fault = onLists(world, 'always');
      await world.post(shop.admin, '/admin/actions', {
        ...{ action: 'give_up', subject: workflowId, reason: 'the bank is gone' },
      });
      await waitsFor(world, id, 'look_up');
      world.stripe.control.clearFaults(fault);
      await signal(world, workflowId, 'retryNow');
      await waitsFor(world, id, 'last_look');
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'failed' });
      expect(payoutCalls(world, id)).toHaveLength(1);
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
    });

    it('not while the list shows it: Stripe’s word ends it', async () => {
      world.stripe.control.setPayoutMode('manual');
      const { id, workflowId, seller } = await troubled({ kind: 'dropAfter' });
      await signal(world, workflowId, 'giveUp', 'it takes too long');
      await payoutIs(world, id, (row) => row.externalPayoutId !== null);
      world.stripe.control.settlePayout(madeFor(world, seller)[0]!.id, 'paid');
      await paid(id);
    });

    it('not while the list cannot be read: it waits for the list alone', async () => {
      const { id, workflowId, seller } = await troubled({ kind: 'status', status: 503 });
      const fault = onLists(world, 'always');
      await signal(world, workflowId, 'giveUp', 'the bank is gone');
      await waitsFor(world, id, 'look_up');
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: NET_MINOR });
      // Once more: what was given up is never asked for again, however often the list cannot be read.
      await signal(world, workflowId, 'retryNow');
      world.stripe.control.clearFaults(fault);
      await signal(world, workflowId, 'retryNow');
      await waitsFor(world, id, 'last_look');
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'failed' });
      expect(payoutCalls(world, id)).toHaveLength(1);
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
    });
  });
});

describe('attempts to make a payout, until they are exhausted', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: { TRANSFER_RETRY_MAX_RETRIES: '2' } });
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  it('a definite refusal: each under a key of its own, then the money is back and a person is told', async () => {
    const { seller } = await earnedShop(world);
    world.stripe.control.updateAccount(seller.accountId, { payoutsEnabled: false });
    await world.stripe.control.idle();
    await world.finished(`onboarding/${seller.id}`);
    expect((await world.post(seller, '/sellers/me/payouts')).body['code']).toBe('seller_account_not_ready');

    const other = await earnedShop(world);
    const body = {
      error: { type: 'invalid_request_error', code: 'payouts_not_allowed', message: 'No bank account.' },
    };
    onPayouts(world, { kind: 'status', status: 400, body, stored: true, times: 'always' });
    const id = await openedPayout(world, other.seller);
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
    expect(keysOf(payoutCalls(world, id))).toEqual(
      [1, 2, 3].map((generation) => `payout:${id}:${generation}`),
    );
    expect(await payoutRow(world, id)).toMatchObject({
      status: 'failed',
      errorMessage: 'No bank account.',
      retryCount: 2,
    });
    expect(await fundsOf(world, other.seller)).toMatchObject({
      availableMinor: NET_MINOR,
      payingOutMinor: 0,
    });
    expect(await openFlags(world, 'payout_gave_up', `payout/${id}`)).toHaveLength(1);
  });

  it('answers lost until the end, and never made: back only after a second look', async () => {
    const { seller } = await earnedShop(world);
    onPayouts(world, { kind: 'dropBefore', times: 'always' });
    const id = await openedPayout(world, seller);
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
    const { missedAt, failedAt } = await payoutRow(world, id);
    expect(failedAt!.getTime() - missedAt!.getTime()).toBeGreaterThanOrEqual(90);
    expect(payoutCalls(world, id)).toHaveLength(3);
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
  });

  it('answers lost until the end: the list has the last word, and it was made', async () => {
    const { seller } = await earnedShop(world);
    world.stripe.control.setPayoutMode('manual');
    onPayouts(world, { kind: 'dropAfter', times: 'always' });
    const id = await openedPayout(world, seller);
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    expect(madeFor(world, seller).map((made) => made.id)).toEqual([externalPayoutId]);
    expect(new Set(keysOf(payoutCalls(world, id)))).toEqual(new Set([`payout:${id}:1`]));
    world.stripe.control.settlePayout(externalPayoutId!, 'paid');
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
  });
});

describe('a payout whose worker is killed', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    world.stripe.control.setPayoutMode('manual');
  });
  afterAll(() => world.close());

  it('in the middle of the call: another worker asks with the same key, one payout', async () => {
    const { seller } = await earnedShop(world);
    await world.stopWorker();
    await world.startWorkerProcess();
    onPayouts(world, { kind: 'timeoutAfter' });
    const id = await openedPayout(world, seller);
    await world.stripe.control.waitForRequest((entry) => entry.operation === 'payouts.create');
    await world.killWorkerProcess();
    await world.startWorker();
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:1`]);
    expect(madeFor(world, seller).map((made) => made.id)).toEqual([externalPayoutId]);
    world.stripe.control.settlePayout(externalPayoutId!, 'paid');
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_paid']);
    await expectCleanBooks(world);
  });

  it('while it waits for the bank: the webhook finds it', async () => {
    const { seller } = await earnedShop(world);
    await world.stopWorker();
    await world.startWorkerProcess();
    const id = await openedPayout(world, seller);
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    await world.killWorkerProcess();
    world.stripe.control.settlePayout(externalPayoutId!, 'paid');
    await world.stripe.control.waitForDelivery((delivery) => delivery.objectId === externalPayoutId);
    await world.startWorker();
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    await expectCleanBooks(world);
  });
});
