import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eq } from 'drizzle-orm';
import { auditLog } from '../../db/kernel/schema.ts';
import { transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { flagsOf, licensesOf } from '../harness/read.ts';
import { type Catalog, makePerson, openCatalog } from '../harness/shop.ts';
import { completedOrder, settledRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

describe('what operators end by hand', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create({ env: { REVERSAL_MAX_RETRIES: '0' } });
    people = await openCatalog(world);
  });
  // What one admin decides on within a day counts together.
  beforeEach(async () => {
    people = { ...people, admin: await makePerson(world, 'admin') };
  });
  afterAll(() => world.close());

  const auditLogOf = async (subject: string) =>
    (await world.database.db.select().from(auditLog).where(eq(auditLog.subject, subject))).map((line) => [
      line.action,
      line.reason,
      line.actor,
    ]);
  const balanceOfBen = async () => {
    const { body } = await world.get(people.ben, '/sellers/me/balance');
    const { pending = 0, available = 0, owed = 0 } = body['balances']![0] ?? {};
    return { pending, available, owed };
  };

  /** A whole refund of Ben's order whose reversal failed for good: Stripe did not know the transfer. */
  async function failedReversal() {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    world.stripe.control.addFault({
      kind: 'status',
      match: 'transfers.createReversal',
      status: 404,
      body: {
        error: {
          type: 'invalid_request_error',
          code: 'resource_missing',
          message: "No such transfer: 'tr_x'",
        },
      },
    });
    const { refundId, reversals } = await settledRefund(world, people.buyer, orderId);
    expect(reversals.map((reversal) => reversal.status)).toEqual(['permanently_failed']);
    return { orderId, refundId, reversalId: reversals[0]!.id };
  }

  const resolve = (reversalId: string, resolution: string, reason?: string) =>
    world.post(people.admin, `/admin/reversals/${reversalId}/resolve`, {
      resolution,
      ...(reason && { reason }),
    });

  it('settled outside: the seller paid some other way', async () => {
    const before = await balanceOfBen();
    const { reversalId } = await failedReversal();
    expect(await flagsOf(world, `reversal/${reversalId}`)).toEqual(['reversal_gave_up']);
    const answer = await resolve(reversalId, 'settled_outside', 'bank transfer 4711');
    expect([answer.status, answer.body['reversal']!['status']]).toEqual([200, 'settled_outside']);
    expect(await balanceOfBen()).toEqual({ ...before, available: before.available + 10_800 });
    expect(await auditLogOf(`reversal/${reversalId}`)).toEqual([
      ['reversal.settled_outside', 'bank transfer 4711', people.admin.id],
    ]);
    expect(await flagsOf(world, `reversal/${reversalId}`)).toEqual([]);
    await expectCleanBooks(world);
  });

  it('written off, and settled outside after it was', async () => {
    const { reversalId } = await failedReversal();
    expect((await resolve(reversalId, 'written_off', 'seller is gone')).status).toBe(200);
    await expectCleanBooks(world);
    expect((await resolve(reversalId, 'settled_outside', 'seller came back')).status).toBe(200);
    await expectCleanBooks(world);
    expect((await resolve(reversalId, 'written_off', 'again')).body['code']).toBe('reversal_not_resolvable');
  });

  it('refuses what has ended well, has a successor, has no reason, or is not there', async () => {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
    const { reversals } = await settledRefund(world, people.buyer, orderId);
    expect((await resolve(reversals[0]!.id, 'written_off', 'x')).body['code']).toBe(
      'reversal_not_resolvable',
    );
    const { reversalId } = await failedReversal();
    const noReason = await resolve(reversalId, 'written_off');
    expect([noReason.status, noReason.body['errors']![0]!['field']]).toEqual([422, 'reason']);
    const retried = await world.post(people.admin, `/admin/reversals/${reversalId}/retry`, {
      reason: 'again',
    });
    const successorId: string = retried.body['reversal']!['id']!;
    await world.finished(`reversal/${successorId}`);
    expect((await resolve(reversalId, 'written_off', 'x')).body['code']).toBe('reversal_not_resolvable');
    expect((await resolve(orderId, 'written_off', 'x')).body['code']).toBe('reversal_not_found');
    const notAdmin = await world.post(people.ben, `/admin/reversals/${reversalId}/resolve`, {});
    expect(notAdmin.status).toBe(403);
    await expectCleanBooks(world);
  });

  describe('a refund that a bank returned after it succeeded', () => {
    const returned = (refundId: string, reason = 'the card was closed') =>
      world.post(people.admin, `/admin/refunds/${refundId}/return`, { reason });

    it('is recorded and flagged when the PSP says so, and reverted when a person agrees', async () => {
      const { orderId } = await completedOrder(world, people.buyer, [
        people.products[0]!.id,
        people.products[2]!.id,
      ]);
      const { refundId } = await settledRefund(world, people.buyer, orderId);
      const before = await world.refund(refundId);
      world.psp.control.settleRefund(refundId, 'failed', 'account closed');
      await world.psp.control.idle();
      await world.finished(`refund/${refundId}`);
      expect(await world.refund(refundId)).toMatchObject({
        status: 'succeeded',
        succeededAt: before.succeededAt,
      });
      expect(await flagsOf(world, `refund/${refundId}`)).toEqual(['failed_after_succeeded']);

      const answer = await returned(refundId);
      expect([answer.status, answer.body['refund']!['status']]).toEqual([200, 'returned']);
      expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
      expect((await licensesOf(world, orderId)).every((license) => license.revokedAt === null)).toBe(true);
      await expectCleanBooks(world);
      const resent = (await world.transfersOf(orderId)).filter((transfer) => transfer.retryOf !== null);
      for (const transfer of resent) await world.finished(`transfer/${transfer.id}`);
      expect(
        (await world.transfersOf(orderId))
          .map((transfer) => transfer.status)
          .toSorted((a, b) => a.localeCompare(b)),
      ).toEqual(['completed', 'completed', 'reversed', 'reversed']);
      await expectCleanBooks(world);
      expect(await auditLogOf(`refund/${refundId}`)).toEqual([
        ['refund.return', 'the card was closed', people.admin.id],
      ]);
      // The order can be refunded again, from the transfers that went out anew.
      await settledRefund(world, people.buyer, orderId);
      expect((await world.order(orderId)).status).toBe('refunded');
      await expectCleanBooks(world);
    });

    it('withdraws a reversal that had failed for good: the seller still has the money', async () => {
      const before = await balanceOfBen();
      const { refundId } = await failedReversal();
      expect((await returned(refundId)).status).toBe(200);
      expect((await world.reversalsOf(refundId)).map((reversal) => reversal.status)).toEqual(['withdrawn']);
      expect(await balanceOfBen()).toEqual({ ...before, available: before.available + 10_800 });
      await expectCleanBooks(world);
    });

    /** The PSP says that a refund which had succeeded came back. */
    async function sentBack(refundId: string): Promise<void> {
      world.psp.control.settleRefund(refundId, 'failed', 'account closed');
      await world.psp.control.idle();
      await world.finished(`refund/${refundId}`);
    }

    it('in part: the seller keeps the rest, is sent the part again, and both can be refunded', async () => {
      const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
      const { refundId } = await settledRefund(world, people.buyer, orderId, { amount: 1_000 });
      await sentBack(refundId);
      expect((await returned(refundId)).status).toBe(200);
      expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
      await expectCleanBooks(world);
      const [resent] = (await world.transfersOf(orderId)).filter((transfer) => transfer.retryOf !== null);
      await world.finished(`transfer/${resent!.id}`);
      expect(await world.transfersOf(orderId)).toMatchObject([
        { status: 'completed', amountMinor: 10_800, reversedMinor: 900 },
        { status: 'completed', amountMinor: 900, reversedMinor: 0 },
      ]);
      await expectCleanBooks(world);
      const { reversals } = await settledRefund(world, people.buyer, orderId);
      expect(reversals.map((reversal) => reversal.amountMinor)).toEqual([9_900, 900]);
      expect(reversals.map((reversal) => reversal.status)).toEqual(['reversed', 'reversed']);
      expect((await world.order(orderId)).status).toBe('refunded');
      await expectCleanBooks(world);
    });

    it('in part, and the rest refunded while the part is on its way again: nobody gives twice', async () => {
      const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
      const { refundId } = await settledRefund(world, people.buyer, orderId, { amount: 1_000 });
      await sentBack(refundId);
      world.stripe.control.addFault({ kind: 'latency', match: 'transfers.create', delayMs: 3_000 });
      expect((await returned(refundId)).status).toBe(200);
      const [resent] = (await world.transfersOf(orderId)).filter((transfer) => transfer.retryOf !== null);
      await world.stripe.control.waitForRequest((call) => JSON.stringify(call.body).includes(resent!.id));
      await settledRefund(world, people.buyer, orderId);
      await world.finished(`transfer/${resent!.id}`);
      const all = await world.database.db
        .select()
        .from(transferReversals)
        .where(eq(transferReversals.transferId, resent!.id));
      for (const reversal of all) await world.finished(`reversal/${reversal.id}`);
      expect(await world.transfersOf(orderId)).toMatchObject([
        { status: 'reversed', reversedMinor: 10_800 },
        { status: 'reversed', amountMinor: 900, reversedMinor: 900 },
      ]);
      await expectCleanBooks(world);
    });

    it('is refused while it is pending, or twice', async () => {
      const { orderId } = await completedOrder(world, people.buyer, [people.products[2]!.id]);
      const { refundId: rest } = await settledRefund(world, people.buyer, orderId);
      expect((await returned(rest)).status).toBe(200);
      expect((await returned(rest)).body['code']).toBe('refund_not_returnable');
      expect((await world.order(orderId)).status).toBe('completed');
      await expectCleanBooks(world);
    });
  });
});
