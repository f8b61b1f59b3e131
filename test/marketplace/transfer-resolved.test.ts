import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { posted } from '../harness/books.ts';
import {
  auditLogOf,
  onlyTransfer,
  openFlags,
  postingsOf,
  sentTo,
  transferCalls,
  transferRow,
} from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import { makePerson, NET_MINOR, openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, signal } from '../harness/stories.ts';
import {
  madeAfterAll,
  madeBehindOurBack,
  onTransferSearches,
  onTransfersTo,
  STRIPE_IS_DOWN,
} from '../harness/trouble.ts';
import type { Person } from '../harness/world.ts';
import { World } from '../harness/world.ts';

const REASON = 'the seller has no bank that Stripe pays to';

describe('a share that Stripe will never send', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({
      env: {
        TRANSFER_RETRY_MAX_RETRIES: '0',
        TRANSFER_RETRY_BACKOFF_MAX: '1h',
        STRIPE_READ_LAG: '10m',
        FOUR_EYES_ABOVE_MINOR: '1000000',
      },
    });
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    await expectAgreement(world);
  });
  afterAll(() => world.close());

  async function failed() {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, {
      kind: 'status',
      status: 400,
      stored: true,
      times: 'always',
    });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'permanently_failed' });
    return { ...shop, orderId, id };
  }
  const resolve = (admin: Person, id: string, resolution: string) =>
    world.post(admin, `/admin/transfers/${id}/resolve`, { resolution, reason: REASON });
  async function resolved(admin: Person, id: string, resolution: string) {
    const answer = await resolve(admin, id, resolution);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body['transfer']).toMatchObject({ id, status: resolution });
  }
  async function balance(sellerId: string) {
    const [row] = await world.database.db
      .select()
      .from(sellerBalances)
      .where(eq(sellerBalances.sellerId, sellerId));
    const { pendingMinor, availableMinor, owedMinor } = row!;
    return { pendingMinor, availableMinor, owedMinor };
  }
  const NOTHING = { pendingMinor: 0, availableMinor: 0, owedMinor: 0 };
  async function refunded(buyer: Person, orderId: string, body: unknown = {}) {
    const refundId = await openedRefund(world, buyer, orderId, body);
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    const reversals = await world.reversalsOf(refundId);
    for (const reversal of reversals) await world.finished(`reversal/${reversal.id}`);
    return { refundId, reversals: await world.reversalsOf(refundId) };
  }
  const returned = async (admin: Person, refundId: string) => {
    const answer = await world.post(admin, `/admin/refunds/${refundId}/return`, {
      reason: 'the bank sent it back',
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };

  it('is settled outside: not pending any more, posted once, audited, and off the list', async () => {
    const { admin, id, orderId, seller } = await failed();
    const stuck = await world.get(admin, `/admin/stuck?order_id=${orderId}`);
    expect(JSON.stringify(stuck.body)).toContain('settled_outside');
    await resolved(admin, id, 'settled_outside');
    expect(await balance(seller.id)).toEqual(NOTHING);
    expect(await posted(world, orderId, 'cash:psp')).toBe(10_000 - NET_MINOR);
    expect(await postingsOf(world, id, 'transfer_settled_outside')).toBe(1);
    expect(await openFlags(world, 'transfer_gave_up', `transfer/${id}`)).toEqual([]);
    expect(await auditLogOf(world, `transfer/${id}`)).toMatchObject([
      {
        actor: admin.id,
        action: 'transfer.settled_outside',
        reason: REASON,
        before: { status: 'permanently_failed' },
        after: { status: 'settled_outside' },
      },
    ]);
    const after = await world.get(admin, `/admin/stuck?order_id=${orderId}`);
    expect(JSON.stringify(after.body)).not.toContain(id);
  });

  it('is written off: it stays with the platform, and the seller paid after all takes it out again', async () => {
    const { admin, id, orderId, seller } = await failed();
    await resolved(admin, id, 'written_off');
    expect(await balance(seller.id)).toEqual(NOTHING);
    expect(await posted(world, orderId, 'platform:revenue')).toBe(-10_000);
    await resolved(admin, id, 'settled_outside');
    expect(await posted(world, orderId, 'platform:revenue')).toBe(-1_000);
    expect(await postingsOf(world, id, 'transfer_write_off_recovered')).toBe(1);
  });

  it('is not retried afterwards, and not resolved twice', async () => {
    const { admin, id } = await failed();
    await resolved(admin, id, 'settled_outside');
    const retried = await world.post(admin, `/admin/transfers/${id}/retry`, { reason: REASON });
    expect([retried.status, retried.body['code']]).toEqual([409, 'transfer_not_retryable']);
    for (const resolution of ['settled_outside', 'written_off']) {
      const again = await resolve(admin, id, resolution);
      expect([again.status, again.body['code']]).toEqual([409, 'transfer_not_resolvable']);
    }
  });

  it('that a retry has taken the place of is not resolved; nor is one that was sent, or refunded away', async () => {
    const { admin, id } = await failed();
    const retried = await world.post(admin, `/admin/transfers/${id}/retry`, { reason: REASON });
    expect(retried.status).toBe(202);
    await world.finished(`transfer/${retried.body['transfer']!['id']! as string}`);
    expect((await resolve(admin, id, 'settled_outside')).body['code']).toBe('transfer_not_resolvable');
    world.stripe.control.clearFaults();
    const sent = await openShop(world);
    const { transfers } = await completedOrder(world, sent.buyer, sent.productIds);
    expect((await resolve(admin, transfers[0]!.id, 'written_off')).body['code']).toBe(
      'transfer_not_resolvable',
    );
    const gone = await failed();
    await refunded(gone.buyer, gone.orderId);
    expect((await resolve(admin, gone.id, 'written_off')).body['code']).toBe('transfer_not_resolvable');
  });

  it('that still waits for an account is resolved as well, and its workflow ends', async () => {
    const { buyer, admin, seller, productIds } = await openShop(world, { connected: false });
    const orderId = await paidOrder(world, buyer, productIds);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.waitingFor === 'stripe_account',
    );
    await resolved(admin, id, 'settled_outside');
    expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'settled_outside' });
    expect(sentTo(world, seller.accountId)).toEqual([]);
  });

  it('that Stripe was asked for and has not answered is not: it may still be sent', async () => {
    const shop = await openShop(world);
    onTransfersTo(world, shop.seller.accountId, {
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '600' },
    });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.waitingFor === 'rate_limit',
    );
    expect((await resolve(shop.admin, id, 'settled_outside')).body).toMatchObject({
      status: 409,
      code: 'transfer_not_resolvable',
      detail: expect.stringContaining('may still send it') as string,
    });
    await world.post(shop.admin, `/admin/transfers/${id}/retry`, {});
    await world.finished(`transfer/${id}`);
  });

  describe('an order that is refunded afterwards', () => {
    it('settled outside: the seller owes it, by a reversal that a person settles', async () => {
      const { admin, buyer, id, orderId, seller } = await failed();
      await resolved(admin, id, 'settled_outside');
      const { reversals } = await refunded(buyer, orderId);
      expect(reversals.map((row) => [row.status, row.amountMinor])).toEqual([
        ['permanently_failed', NET_MINOR],
      ]);
      expect(await balance(seller.id)).toEqual({ ...NOTHING, owedMinor: NET_MINOR });
      const written = await world.post(admin, `/admin/reversals/${reversals[0]!.id}/resolve`, {
        resolution: 'settled_outside',
        reason: 'paid back by bank',
      });
      expect(written.status).toBe(200);
      expect(await balance(seller.id)).toEqual(NOTHING);
      expect(await posted(world, orderId, 'cash:psp')).toBe(0);
    });

    it('written off: the platform gives it back, in parts too', async () => {
      const { admin, buyer, id, orderId, seller } = await failed();
      await resolved(admin, id, 'written_off');
      expect((await refunded(buyer, orderId, { amount: 2_000 })).reversals).toEqual([]);
      expect(await transferRow(world, id)).toMatchObject({ status: 'written_off', amountMinor: 7_200 });
      await refunded(buyer, orderId);
      expect(await balance(seller.id)).toEqual(NOTHING);
      expect(await posted(world, orderId, 'platform:revenue')).toBe(0);
      expect(await posted(world, orderId, 'cash:psp')).toBe(0);
      expect((await resolve(admin, id, 'settled_outside')).body['code']).toBe('transfer_not_resolvable');
    });

    it('written off, and the refund comes back: the platform has it again', async () => {
      const { admin, buyer, id, orderId, seller } = await failed();
      await resolved(admin, id, 'written_off');
      const { refundId } = await refunded(buyer, orderId);
      await returned(admin, refundId);
      expect(await transferRow(world, id)).toMatchObject({ status: 'written_off', amountMinor: NET_MINOR });
      expect(await posted(world, orderId, 'platform:revenue')).toBe(-10_000);
      expect(await balance(seller.id)).toEqual(NOTHING);
      expect(await world.transfersOf(orderId)).toHaveLength(1);
    });

    it('settled outside, and the refund comes back: the seller keeps what they were paid', async () => {
      const { admin, buyer, id, orderId, seller } = await failed();
      await resolved(admin, id, 'settled_outside');
      const { refundId } = await refunded(buyer, orderId);
      await returned(admin, refundId);
      expect(await balance(seller.id)).toEqual(NOTHING);
      expect(await posted(world, orderId, 'cash:psp')).toBe(10_000 - NET_MINOR);
    });

    it('refunded in part before, written off, and that refund comes back: only its share is sent again', async () => {
      const { admin, buyer, id, orderId } = await failed();
      const { refundId } = await refunded(buyer, orderId, { amount: 2_000 });
      await resolved(admin, id, 'written_off');
      expect(await posted(world, orderId, 'platform:revenue')).toBe(-800 - 7_200);
      world.stripe.control.clearFaults();
      await returned(admin, refundId);
      const successor = (await world.transfersOf(orderId)).find((row) => row.retryOf === id)!;
      expect(await world.finished(`transfer/${successor.id}`)).toEqual({ status: 'completed' });
      expect(successor.amountMinor).toBe(1_800);
      // A later refund takes what the platform kept before what the seller has.
      expect((await refunded(buyer, orderId, { amount: 8_000 })).reversals).toEqual([]);
      expect(await transferRow(world, id)).toMatchObject({ status: 'written_off', amountMinor: 0 });
      expect(await posted(world, orderId, 'platform:revenue')).toBe(-200);
      expect(await posted(world, orderId, 'cash:psp')).toBe(200);
    });
  });

  it('above the limit a second admin has to agree', async () => {
    const shop = await openShop(world, { prices: [1_200_000] });
    onTransfersTo(world, shop.seller.accountId, {
      kind: 'status',
      status: 400,
      stored: true,
      times: 'always',
    });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    await world.finished(`transfer/${id}`);
    const asked = await resolve(shop.admin, id, 'written_off');
    expect(asked.status).toBe(202);
    expect(await transferRow(world, id)).toMatchObject({ status: 'permanently_failed' });
    const second = await makePerson(world, 'admin');
    const approvalId: string = asked.body['approval']!['id']!;
    const agreed = await world.post(second, `/admin/approvals/${approvalId}/approve`, {});
    expect(agreed.status, JSON.stringify(agreed.body)).toBe(200);
    expect(await transferRow(world, id)).toMatchObject({ status: 'written_off' });
  });

  describe('whose answers were lost', () => {
    /** A transfer whose last attempt was lost: Stripe's list shows nothing of it so far. */
    async function lost() {
      const shop = await openShop(world);
      const fault = onTransfersTo(world, shop.seller.accountId, { kind: 'dropBefore', times: 'always' });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      const row = await until(
        () => transferRow(world, id),
        (seen) => seen.waitingFor !== null || seen.status === 'permanently_failed',
      );
      world.stripe.control.clearFaults(fault);
      return { ...shop, orderId, id, row, workflowId: `transfer/${id}` };
    }
    const tenMinutesLater = (id: string) =>
      world.database.db
        .update(sellerTransfers)
        .set({ missedAt: new Date(Date.now() - 10 * 60_000) })
        .where(eq(sellerTransfers.id, id));

    it('is looked for twice, ten minutes apart, before it is given up; its share is held until then', async () => {
      const { admin, id, row, seller, workflowId } = await lost();
      expect(row).toMatchObject({ status: 'pending', waitingFor: 'last_look' });
      expect(row.askedAt).not.toBeNull();
      expect(row.nextRetryAt!.getTime() - Date.now()).toBeGreaterThan(9 * 60_000);
      const early = await resolve(admin, id, 'settled_outside');
      expect([early.status, early.body['code']]).toEqual([409, 'transfer_not_resolvable']);
      // A look that comes early ends nothing, and nothing is asked for any more.
      await signal(world, workflowId, 'retryNow');
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
      expect(transferCalls(world, seller.accountId)).toHaveLength(1);
      expect(await transferRow(world, id)).toMatchObject({ askedAt: null, waitingFor: null });
      expect(await openFlags(world, 'transfer_gave_up', workflowId)).toHaveLength(1);
      await resolved(admin, id, 'settled_outside');
    });

    it('and which Stripe makes between the two looks is completed, not given up', async () => {
      const { id, row, seller, workflowId } = await lost();
      const stripeTransferId = await madeBehindOurBack(world, row, seller.accountId);
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'completed' });
      expect(await transferRow(world, id)).toMatchObject({ status: 'completed', stripeTransferId });
      expect(await balance(seller.id)).toMatchObject({ pendingMinor: 0, availableMinor: NET_MINOR });
    });

    it('is not given up while the second look cannot be had', async () => {
      const { id, orderId, seller, workflowId } = await lost();
      const fault = onTransferSearches(world, orderId, STRIPE_IS_DOWN);
      await tenMinutesLater(id);
      await signal(world, workflowId, 'retryNow');
      await until(
        () => transferRow(world, id),
        (seen) => seen.waitingFor === 'look_up',
      );
      world.stripe.control.clearFaults(fault);
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
      expect(transferCalls(world, seller.accountId)).toHaveLength(1);
    });
  });

  describe('that Stripe made after all', () => {
    it('is flagged, not settled a second time, and adopted by its retry', async () => {
      const { admin, id, seller } = await failed();
      world.stripe.control.clearFaults();
      const stripeTransferId = await madeAfterAll(world, id, seller.accountId);
      for (const resolution of ['settled_outside', 'written_off']) {
        const answer = await resolve(admin, id, resolution);
        expect([answer.status, answer.body['code']]).toEqual([409, 'transfer_not_resolvable']);
      }
      const stuck = await world.get(admin, '/admin/stuck?kinds=flag&limit=100');
      expect(JSON.stringify(stuck.body)).toContain('transfer_happened_after_all');
      const retried = await world.post(admin, `/admin/transfers/${id}/retry`, { reason: REASON });
      const successor = retried.body['transfer']!['id']! as string;
      expect(await world.finished(`transfer/${successor}`)).toEqual({ status: 'completed' });
      expect(await transferRow(world, successor)).toMatchObject({ stripeTransferId });
      expect(sentTo(world, seller.accountId)).toHaveLength(1);
      expect(await openFlags(world, 'transfer_happened_after_all', `transfer/${id}`)).toEqual([]);
      expect(await balance(seller.id)).toMatchObject({ pendingMinor: 0, availableMinor: NET_MINOR });
    });

    it('is not settled on a retry of it either', async () => {
      const { admin, id, seller } = await failed();
      world.stripe.control.clearFaults();
      world.stripe.control.addFault({
        kind: 'status',
        status: 503,
        match: 'transfers.list',
        times: 'always',
      });
      const retried = await world.post(admin, `/admin/transfers/${id}/retry`, { reason: REASON });
      const successor = retried.body['transfer']!['id']! as string;
      await until(
        () => transferRow(world, successor),
        (row) => row.waitingFor === 'look_up',
      );
      await madeAfterAll(world, id, seller.accountId);
      await world.database.db
        .update(sellerTransfers)
        .set({ askedAt: null, askedAmountMinor: null })
        .where(eq(sellerTransfers.id, successor));
      const answer = await resolve(admin, successor, 'settled_outside');
      expect([answer.status, answer.body['code']]).toEqual([409, 'transfer_not_resolvable']);
      world.stripe.control.clearFaults();
      await signal(world, `transfer/${successor}`, 'retryNow');
      expect(await world.finished(`transfer/${successor}`)).toEqual({ status: 'completed' });
    });

    it.each(['before', 'after'])(
      'of the amount that was asked, and refunded in part %s its retry: booked as Stripe has it, the part taken back',
      async (when) => {
        const { admin, id, seller, buyer, orderId } = await failed();
        world.stripe.control.clearFaults();
        const asked = await transferRow(world, id);
        if (when === 'before') await refunded(buyer, orderId, { amount: 3_000 });
        const lists = onTransferSearches(world, orderId, STRIPE_IS_DOWN);
        const retried = await world.post(admin, `/admin/transfers/${id}/retry`, { reason: REASON });
        const successor = retried.body['transfer']!['id']! as string;
        await until(
          () => transferRow(world, successor),
          (row) => row.waitingFor === 'look_up',
        );
        // Its look has shown that nothing was sent so far: it is not in flight.
        await world.database.db
          .update(sellerTransfers)
          .set({ askedAt: null, askedAmountMinor: null, waitingFor: null })
          .where(eq(sellerTransfers.id, successor));
        if (when === 'after') await refunded(buyer, orderId, { amount: 3_000 });
        expect(await transferRow(world, successor)).toMatchObject({ amountMinor: NET_MINOR - 2_700 });
        const stripeTransferId = await madeBehindOurBack(world, asked, seller.accountId);
        world.stripe.control.clearFaults(lists);
        await signal(world, `transfer/${successor}`, 'retryNow');
        await world.finished(`transfer/${successor}`);
        const row = await until(
          () => transferRow(world, successor),
          (seen) => seen.reversedMinor > 0,
        );
        expect(row).toMatchObject({ stripeTransferId, amountMinor: NET_MINOR, reversedMinor: 2_700 });
        expect(await balance(seller.id)).toEqual({
          pendingMinor: 0,
          availableMinor: NET_MINOR - 2_700,
          owedMinor: 0,
        });
        expect(sentTo(world, seller.accountId)).toHaveLength(1);
      },
    );
  });
});
