import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { keepAsk } from '../../db/kernel/keep-ask.ts';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { licensesOf, pictureOf, refundsOf, workflowStatus } from '../harness/read.ts';
import { adopted } from '../harness/wait.ts';
import { type Catalog, makePerson, openCatalog } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('a refund, phase 1: open', () => {
  let world: World;
  let people: Catalog;
  beforeAll(async () => {
    world = await World.create();
    people = await openCatalog(world);
    // Nothing ends by itself: these tests look at what phase 1 leaves.
    world.psp.control.setRefundMode('manual');
  });
  afterEach(() => expectCleanBooks(world));
  afterAll(() => world.close());

  const ask = (person: Person, orderId: string, body: unknown = {}) =>
    world.post(person, `/marketplace/orders/${orderId}/refund`, body);
  const bought = async (...positions: number[]) =>
    (
      await completedOrder(
        world,
        people.buyer,
        positions.map((position) => people.products[position]!.id),
      )
    ).orderId;
  const change = (orderId: string, set: Partial<typeof orders.$inferInsert>) =>
    world.database.db.update(orders).set(set).where(eq(orders.id, orderId));

  /** Refused before a workflow is started, and by phase 1 itself, with nothing written by either. */
  async function expectRefused(person: Person, orderId: string, status: number, code: string) {
    const before = await pictureOf(world, orderId);
    const answer = await ask(person, orderId);
    expect(answer.body).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    const refundId = uuidv7();
    const caller = { userId: person.id, role: person.role };
    await keepAsk(world.database.db, refundId, { kind: 'refund', orderId, caller });
    const label = { purchase: { kind: 'order', id: orderId }, amountMinor: 1, currency: 'EUR' } as const;
    const opening = await world.engine.requestRefund({ refundId }, label);
    expect(opening).toMatchObject({ refused: { code } });
    // Temporal's list of failed workflows stays a list of things that need a person.
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'refused', reason: code });
    expect(await workflowStatus(world, `refund/${refundId}`)).toBe('COMPLETED');
    expect(await pictureOf(world, orderId)).toEqual(before);
    return answer;
  }

  it('opens pending, licences untouched', async () => {
    const orderId = await bought(0, 2);
    const answer = await ask(people.buyer, orderId, { reason: 'wrong track' });
    expect(answer.status).toBe(202);
    const refundId: string = answer.body['refund']!['id']!;
    expect(answer.body['refund']).toEqual({
      id: refundId,
      order_id: orderId,
      status: 'pending',
      amount: 14_500,
      currency: 'EUR',
      reason: 'wrong track',
      error_message: null,
      created_at: expect.any(String),
      succeeded_at: null,
      failed_at: null,
    });
    expect(answer.body['message']).toEqual(expect.any(String));
    const refund = await world.refund(refundId);
    expect(refund).toMatchObject({ status: 'pending', kind: 'requested', requestedBy: people.buyer.id });
    expect(await world.order(orderId)).toMatchObject({ status: 'refund_pending', refundedMinor: 0 });
    expect((await licensesOf(world, orderId)).map((license) => license.revokedAt)).toEqual([null, null]);
    expect((await world.transfersOf(orderId)).map((transfer) => transfer.status)).toEqual([
      'completed',
      'completed',
    ]);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(0);
    const allocations = await world.database.sql`
      SELECT seller_minor::int, fee_minor::int FROM refund_allocations a JOIN order_items i ON i.id = a.order_item_id
      WHERE refund_id = ${refundId} ORDER BY i.position`;
    expect([...allocations]).toEqual([
      { seller_minor: 2_250, fee_minor: 250 },
      { seller_minor: 10_800, fee_minor: 1_200 },
    ]);
    const shown = await world.get(people.buyer, `/marketplace/refunds/${refundId}`);
    expect(shown.body['refund']).toMatchObject({ id: refundId, status: 'pending', kind: 'requested' });
    const listed = await world.get(people.buyer, `/marketplace/orders/${orderId}/refunds`);
    expect(listed.body['data']).toMatchObject([{ id: refundId }]);
  });

  it('second request while open', async () => {
    const orderId = await bought(0);
    await adopted(world, await openedRefund(world, people.buyer, orderId));
    const again = await expectRefused(people.buyer, orderId, 400, 'refund_already_requested');
    expect(again.body['detail']).toBe('A refund is already in progress for this order.');
    expect(await refundsOf(world, orderId)).toHaveLength(1);
  });

  it('second request while open: says so whatever else is wrong', async () => {
    const orderId = await bought(0);
    await adopted(world, await openedRefund(world, people.buyer, orderId));
    await change(orderId, { refundDeadline: new Date(0), paymentId: null });
    expect((await ask(people.buyer, orderId, { amount: -1 })).body['code']).toBe('refund_already_requested');
    await expectRefused(people.buyer, orderId, 400, 'refund_already_requested');
    // Anything but permission.
    expect((await ask(people.stranger, orderId)).body['code']).toBe('order_not_found');
  });

  it('two concurrent requests: exactly one wins', async () => {
    const orderId = await bought(0);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(people.buyer, orderId)));
    const won = answers.filter((answer) => answer.status === 202);
    const lost = answers.filter((answer) => answer.status === 400);
    expect([won.length, lost.length]).toEqual([1, 7]);
    for (const { body } of lost) expect(body['code']).toBe('refund_already_requested');
    expect((await refundsOf(world, orderId)).map((refund) => refund.id)).toEqual([
      won[0]!.body['refund']!['id'],
    ]);
  });

  it('two concurrent requests past the cheap look: exactly one wins, decided under the lock', async () => {
    const orderId = await bought(0);
    const caller = { userId: people.buyer.id, role: people.buyer.role };
    const refundIds = Array.from({ length: 4 }, () => uuidv7());
    for (const id of refundIds) await keepAsk(world.database.db, id, { kind: 'refund', orderId, caller });
    const label = { purchase: { kind: 'order', id: orderId }, amountMinor: 2_500, currency: 'EUR' } as const;
    const openings = await Promise.all(
      refundIds.map((refundId) => world.engine.requestRefund({ refundId }, label)),
    );
    expect(openings.filter((opening) => 'opened' in opening)).toHaveLength(1);
    expect(openings.filter((opening) => 'refused' in opening)).toMatchObject(
      Array.from({ length: 3 }, () => ({ refused: { code: 'refund_already_requested' } })),
    );
    expect(await refundsOf(world, orderId)).toHaveLength(1);
  });

  it('not completed', async () => {
    const pending = await placedOrder(world, people.buyer, [people.products[0]!.id]);
    await expectRefused(people.buyer, pending, 400, 'order_not_refundable');
    const failed = await placedOrder(world, people.buyer, [people.products[0]!.id]);
    world.psp.control.fail(failed);
    await world.finished(`order/${failed}`);
    await expectRefused(people.buyer, failed, 400, 'order_not_refundable');
  });

  it('an order without a payment id', async () => {
    const orderId = await bought(0);
    await change(orderId, { paymentId: null });
    await expectRefused(people.buyer, orderId, 400, 'order_has_no_payment');
  });

  it('forbidden: the caller sees the order but may not refund it', async () => {
    const orderId = await bought(0);
    const moderator = await makePerson(world, 'moderator');
    expect((await world.get(moderator, `/marketplace/orders/${orderId}`)).status).toBe(200);
    await expectRefused(moderator, orderId, 403, 'refund_forbidden');
  });

  it('forbidden: of an order that is not theirs a stranger learns nothing', async () => {
    const orderId = await bought(0);
    await expectRefused(people.stranger, orderId, 404, 'order_not_found');
    // A seller, but not of anything on this order.
    await expectRefused(people.ben, orderId, 404, 'order_not_found');
    const nowhere = await ask(people.stranger, uuidv7());
    expect(nowhere.body).toMatchObject({ status: 404, code: 'order_not_found' });
    expect((await ask({ ...people.buyer, token: 'none' }, orderId)).body['code']).toBe('unauthenticated');
  });

  it('seller can', async () => {
    const orderId = await bought(0);
    const refundId = await openedRefund(world, people.ada, orderId);
    expect(await world.refund(refundId)).toMatchObject({ amountMinor: 2_500, requestedBy: people.ada.id });
  });

  it('seller can: an admin too', async () => {
    const orderId = await bought(0, 2);
    const refundId = await openedRefund(world, people.admin, orderId, { reason: 'bought twice' });
    expect((await world.refund(refundId)).amountMinor).toBe(14_500);
  });

  it('a dispute is open', async () => {
    const orderId = await bought(0);
    const disputeId = uuidv7();
    await world.database.sql`
      INSERT INTO disputes (id, order_id, provider_dispute_id, amount_minor, currency, status, opened_at)
      VALUES (${disputeId}, ${orderId}, ${`dp_${disputeId}`}, 2500, 'EUR', 'open', now())`;
    await expectRefused(people.buyer, orderId, 400, 'order_disputed');
  });

  it('window over', async () => {
    const orderId = await bought(0);
    const endedAt = new Date(Date.now() - 1_000);
    await change(orderId, { refundDeadline: endedAt });
    const answer = await expectRefused(people.buyer, orderId, 400, 'refund_window_expired');
    expect(answer.body).toMatchObject({ ended_at: endedAt.toISOString() });
    expect(answer.body['detail']).toContain(endedAt.toISOString());
  });

  it('no deadline fallback: 14 days from completion', async () => {
    const over = await bought(0);
    await change(over, { refundDeadline: null, completedAt: new Date(Date.now() - 14 * DAY_MS - 1_000) });
    await expectRefused(people.buyer, over, 400, 'refund_window_expired');
    const within = await bought(0);
    await change(within, { refundDeadline: null, completedAt: new Date(Date.now() - 13 * DAY_MS) });
    await openedRefund(world, people.buyer, within);
  });

  it('no deadline fallback: without a completion, 14 days from creation', async () => {
    const over = await bought(0);
    const longAgo = new Date(Date.now() - 14 * DAY_MS - 1_000);
    await change(over, { refundDeadline: null, completedAt: null, createdAt: longAgo });
    await expectRefused(people.buyer, over, 400, 'refund_window_expired');
    const within = await bought(0);
    await change(within, { refundDeadline: null, completedAt: null });
    await openedRefund(world, people.buyer, within);
  });

  it.each([0, -1, 1.5, 2_501, '100', 1e300, true])(
    'an amount of %j cannot be refunded, and the answer says how much is left',
    async (amount) => {
      const orderId = await bought(0);
      const answer = await ask(people.buyer, orderId, { amount });
      expect(answer.body).toMatchObject({ status: 400, code: 'refund_amount_invalid', left_amount: 2_500 });
      expect(await refundsOf(world, orderId)).toEqual([]);
    },
  );

  it('a malformed body is refused, and nothing is started', async () => {
    const orderId = await bought(0);
    for (const body of [{ amuont: 5 }, { reason: 5 }, { items: ['not-an-id'] }, [], 'all']) {
      const answer = await ask(people.buyer, orderId, body);
      expect(answer.body).toMatchObject({ status: 422, code: 'validation_failed' });
    }
    expect(await refundsOf(world, orderId)).toEqual([]);
  });
});
