import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectCleanBooks, postings } from '../harness/books.ts';
import { auditLogOf, flagsOf, refundsOf } from '../harness/read.ts';
import { attempted, eventually } from '../harness/wait.ts';
import { makePerson, openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, openedRefund, settledRefund } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';
import { landedAtThePsp } from '../reconcile/support.ts';

const PRICE_MINOR = 12_000;
/** Ten minutes, as a test waits for them. */
const BETWEEN_LOOKS_MS = 3_000;

describe('a refund that the PSP never answers, given up by an operator', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    const env = { PSP_READ_LAG: `${BETWEEN_LOOKS_MS}ms`, FOUR_EYES_ABOVE_MINOR: `${PRICE_MINOR}` };
    world = await World.create({ env });
    shop = await openShop(world, { prices: [PRICE_MINOR] });
  });
  beforeEach(() => world.psp.control.setRefundMode('manual'));
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const creates = (refundId: string) =>
    world.psp.control
      .requests('refunds.create')
      .filter((request) => (request.body as { refund_id?: string }).refund_id === refundId);
  const looks = (refundId: string) =>
    world.psp.control.requests('refunds.retrieve').filter(({ params }) => params['id'] === refundId);

  /** Two attempts of it have come to nothing. */
  async function unanswered({ buyer, productIds }: Shop = shop) {
    const { orderId } = await completedOrder(world, buyer, productIds);
    // Of our calls; what lands by another way lands.
    const where = { 'metadata.order_id': orderId };
    world.psp.control.addFault({ kind: 'dropBefore', match: 'refunds.create', where, times: 'always' });
    const refundId = await openedRefund(world, buyer, orderId);
    await attempted(world, `refund/${refundId}`, 3);
    return { orderId, refundId };
  }

  /** What one admin decides on within a day counts together: each test has its own. */
  const giveUp = async (refundId: string, by?: Person) =>
    world.post(by ?? (await makePerson(world, 'admin')), '/admin/actions', {
      action: 'give_up',
      subject: `refund/${refundId}`,
      reason: 'the PSP says that it lost a day',
    });

  it('looked at twice, as far apart as told, and failed; the order is free, and nothing was asked in between', async () => {
    const { orderId, refundId } = await unanswered();
    const givenUpAtMs = Date.now();
    const answer = await giveUp(refundId, shop.admin);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body['done']).toMatchObject({
      now: { subject: `refund/${refundId}`, status: 'pending' },
      note: expect.stringContaining('does not know it'),
    });
    const looked = looks(refundId).length;
    // Also where the PSP would take it now.
    world.psp.control.clearFaults();
    await eventually(async () => expect((await world.refund(refundId)).givenUpAt).not.toBeNull());
    const asked = creates(refundId).length;
    const stuck = await world.get(shop.admin, `/admin/stuck?kind=orphan&older_than_minutes=0`);
    expect(stuck.body['data']).toContainEqual(
      expect.objectContaining({ subject: `refund/${refundId}`, waiting_for: 'second_look' }),
    );
    const ended = (await world.finished(`refund/${refundId}`)) as { status: string; reason: string };
    expect(ended).toEqual({ status: 'failed', reason: expect.stringContaining('never answered') });
    expect(Date.now() - givenUpAtMs).toBeGreaterThanOrEqual(BETWEEN_LOOKS_MS);
    expect(looks(refundId).length).toBe(looked + 1);
    expect(creates(refundId)).toHaveLength(asked);
    expect(await world.refund(refundId)).toMatchObject({ status: 'failed', errorMessage: ended.reason });
    expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    expect(world.psp.control.refunds(orderId)).toEqual([]);
    expect(await auditLogOf(world, `refund/${refundId}`)).toMatchObject([
      { action: 'refund.give_up', actor: shop.admin.id, reason: 'the PSP says that it lost a day' },
    ]);
    world.psp.control.setRefundMode('auto');
    await settledRefund(world, shop.buyer, orderId);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
  });

  it('money that turns out to be paid after all is settled in full, also beside a second refund', async () => {
    const { orderId, refundId } = await unanswered();
    await giveUp(refundId);
    expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
    world.psp.control.clearFaults();
    const second = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
    await eventually(() => expect(world.psp.control.refunds(orderId)).toHaveLength(1));
    world.psp.control.settleRefund(second, 'succeeded');
    await world.finished(`refund/${second}`);
    // It had landed at the PSP somewhere, which paid it beside all of its own rules.
    world.psp.control.createExternalRefund(orderId, PRICE_MINOR, { webhook: false, refundId });
    world.psp.control.settleRefund(refundId, 'succeeded');
    await eventually(async () => expect((await world.refund(refundId)).status).toBe('succeeded'));
    expect(await refundsOf(world, orderId)).toMatchObject([
      { id: refundId, amountMinor: PRICE_MINOR, excessMinor: 3_000 },
      { id: second, amountMinor: 3_000, excessMinor: 0 },
    ]);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
    expect((await flagsOf(world, `refund/${refundId}`)).toSorted()).toEqual([
      'refunded_beyond_captured',
      'succeeded_after_failed',
    ]);
    expect(await postings(world, orderId, 'refund_succeeded')).toBe(2);
  });

  it('the PSP cannot be read: refused by name, and it is asked for as before', async () => {
    const { orderId, refundId } = await unanswered();
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve', times: 'always' });
    const refused = await giveUp(refundId);
    expect(refused.body).toMatchObject({ status: 503, code: 'psp_unreadable' });
    expect(await world.refund(refundId)).toMatchObject({ status: 'pending', givenUpAt: null });
    world.psp.control.clearFaults();
    world.psp.control.addFault({ kind: 'hang', match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'hang', match: 'refunds.retrieve' });
    const late = await giveUp(refundId);
    expect(late.body).toMatchObject({ status: 503, code: 'psp_unreadable' });
    world.psp.control.clearFaults();
    await eventually(() => expect(world.psp.control.refunds(orderId)).toHaveLength(1), 60_000);
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  });

  it('the PSP cannot be read at the second look: looked again until it can', async () => {
    const { orderId, refundId } = await unanswered();
    await giveUp(refundId);
    world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve', times: 2 });
    expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
    expect(world.psp.control.faults().filter(({ fault }) => fault.kind === 'status')).toEqual([]);
    expect((await world.order(orderId)).status).toBe('completed');
  });

  it('the PSP knows it at the first look: it is adopted, and ends as the PSP says', async () => {
    const { orderId, refundId } = await unanswered();
    await landedAtThePsp(world, await world.refund(refundId));
    const answer = await giveUp(refundId);
    expect(answer.body['done']).toMatchObject({ note: expect.stringContaining('The PSP has it') });
    expect(await world.refund(refundId)).toMatchObject({ status: 'pending', hyperswitchRefundId: refundId });
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect((await world.order(orderId)).status).toBe('refunded');
    expect((await giveUp(refundId)).body).toMatchObject({ status: 409, code: 'refund_not_open' });
  });

  it.each(['list', 'id'])(
    'the PSP shows it by its %s at the second look: adopted, and not failed',
    async (by) => {
      const { orderId, refundId } = await unanswered();
      await giveUp(refundId);
      await landedAtThePsp(world, await world.refund(refundId));
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, { webhook: false });
      if (by === 'list') {
        const fault = { match: 'refunds.retrieve', lagMs: 86_400_000, times: 'always' } as const;
        world.psp.control.addFault({ kind: 'readLag', ...fault });
        await eventually(async () =>
          expect((await world.refund(refundId)).hyperswitchRefundId).toBe(refundId),
        );
        world.psp.control.settleRefund(refundId, 'succeeded');
      }
      expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
      expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: PRICE_MINOR });
    },
  );

  it('a call that was under way when the asking ended, and then lands: adopted, and not failed', async () => {
    const { buyer, productIds } = shop;
    const { orderId } = await completedOrder(world, buyer, productIds);
    world.psp.control.addFault({ kind: 'latency', match: 'refunds.create', delayMs: 2_000 });
    const refundId = await openedRefund(world, buyer, orderId);
    await eventually(() => expect(creates(refundId)).toHaveLength(1));
    expect((await giveUp(refundId)).body['done']).toMatchObject({
      note: expect.stringContaining('does not know it'),
    });
    await eventually(() => expect(world.psp.control.refunds(orderId)).toHaveLength(1));
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    expect(creates(refundId)).toHaveLength(1);
  });

  it('the PSP said that it has it (HE_01) and does not show it: refused by name', async () => {
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const unseen = { lagMs: 86_400_000, times: 'always' } as const;
    world.psp.control.addFault({ kind: 'dropAfter', match: 'refunds.create' });
    world.psp.control.addFault({ kind: 'readLag', match: /refunds\.(retrieve|list)/, ...unseen });
    const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 3_000 });
    await eventually(async () => expect((await world.refund(refundId)).existsBy).toBe('HE_01'));
    expect((await giveUp(refundId)).body).toMatchObject({ status: 409, code: 'refund_known_to_psp' });
    expect(await world.refund(refundId)).toMatchObject({ status: 'pending', givenUpAt: null });
    world.psp.control.clearFaults();
    await eventually(async () => expect((await world.refund(refundId)).hyperswitchRefundId).toBe(refundId));
    world.psp.control.settleRefund(refundId, 'succeeded');
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
  });

  it('its workflow terminated after that: started again, it goes on with the second look and asks nothing', async () => {
    const { orderId, refundId } = await unanswered();
    await giveUp(refundId);
    const asked = creates(refundId).length;
    await world.temporal.workflow.getHandle(`refund/${refundId}`).terminate('by hand, in a test');
    world.psp.control.clearFaults();
    await world.engine.startRefund(refundId, {
      purchase: { kind: 'order', id: orderId },
      amountMinor: PRICE_MINOR,
      currency: 'USD',
    });
    expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
    expect(creates(refundId)).toHaveLength(asked);
  });

  it('above the limit a second admin agrees first', async () => {
    const dear = await openShop(world, { prices: [PRICE_MINOR + 1] });
    const { refundId } = await unanswered(dear);
    const asked = await giveUp(refundId, dear.admin);
    expect(asked.status).toBe(202);
    expect((await world.refund(refundId)).givenUpAt).toBeNull();
    const second = await makePerson(world, 'admin');
    const approvalId: string = asked.body['approval']!['id']!;
    const agreed = await world.post(second, `/admin/approvals/${approvalId}/approve`, {});
    expect(agreed.status, JSON.stringify(agreed.body)).toBe(200);
    expect((await world.refund(refundId)).givenUpAt).not.toBeNull();
    expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
  });
});
