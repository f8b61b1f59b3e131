import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectProvidersAgree } from '../harness/agreement.ts';
import { expectCleanBooks, posted } from '../harness/books.ts';
import { auditLogOf, licensesOf, openFlags, pictureOf, refundsOf, statusShown } from '../harness/read.ts';
import { attempted, eventually, until } from '../harness/wait.ts';
import { makePerson, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { completedOrder, openedRefund, placedOrder } from '../harness/stories.ts';
import type { Person, World } from '../harness/world.ts';
import { age, counts, createWorld, one, sweep } from '../reconcile/support.ts';

// The amount that was done is not always the one that was asked for: what was done is booked, or held and flagged.

describe('a refund of which the PSP did another amount', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    world.psp.control.setRefundMode('manual');
  });
  afterEach(async () => {
    world.psp.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  async function refunding(body: object | ((items: readonly { orderItemId: string }[]) => object)) {
    const shop = await openShop(world, { prices: [PRICE_MINOR, PRICE_MINOR] });
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const items = await licensesOf(world, orderId);
    const asked = typeof body === 'function' ? body(items) : body;
    const refundId = await openedRefund(world, shop.buyer, orderId, asked);
    await until(
      () => world.refund(refundId),
      (row) => row.hyperswitchRefundId !== null,
    );
    return { shop, orderId, refundId };
  }
  async function ended(refundId: string) {
    expect(await world.finished(`refund/${refundId}`)).toEqual({ status: 'succeeded' });
    for (const { id } of await world.reversalsOf(refundId)) await world.finished(`reversal/${id}`);
  }
  const standing = async (orderId: string) =>
    (await licensesOf(world, orderId)).filter((license) => license.revokedAt === null).length;

  it.each([
    ['more than was asked for', { amount: 1_000 }, 12_000, 'partially_refunded', 12_000],
    ['one, of all that was asked for', {}, 1, 'partially_refunded', 1],
    ['all, of a part that was asked for', { amount: 1_000 }, 2 * PRICE_MINOR, 'refunded', 2 * PRICE_MINOR],
  ] as const)(
    '%s: what was done is booked, and flagged',
    async (_case, body, doneMinor, status, refundedMinor) => {
      const { orderId, refundId } = await refunding(body);
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, { amountMinor: doneMinor });
      await ended(refundId);
      expect(await world.refund(refundId)).toMatchObject({
        status: 'succeeded',
        amountMinor: doneMinor,
        excessMinor: 0,
      });
      expect(await world.order(orderId)).toMatchObject({ status, refundedMinor });
      expect(await posted(world, orderId, 'cash:psp')).toBe(
        (await world.order(orderId)).capturedMinor! - doneMinor - (await sentMinor(orderId)),
      );
      expect(await standing(orderId)).toBe(status === 'refunded' ? 0 : 2);
      expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1);
      await expectProvidersAgree(world);
    },
  );

  /** What sellers have of the order, once reversals are through. */
  async function sentMinor(orderId: string): Promise<number> {
    const transfers = await world.transfersOf(orderId);
    return transfers.reduce((sum, row) => sum + row.amountMinor - row.reversedMinor, 0);
  }

  it('more than was ever captured: the rest is the platform’s loss, said so', async () => {
    const { orderId, refundId } = await refunding({ amount: 1_000 });
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { amountMinor: 2 * PRICE_MINOR + 500 });
    await ended(refundId);
    expect(await world.refund(refundId)).toMatchObject({
      amountMinor: 2 * PRICE_MINOR + 500,
      excessMinor: 500,
    });
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded', refundedMinor: 2 * PRICE_MINOR });
    expect(await openFlags(world, 'refunded_beyond_captured', `refund/${refundId}`)).toHaveLength(1);
    await expectProvidersAgree(world);
  });

  it('less than a named item costs: the buyer keeps its licence, and can ask for the rest', async () => {
    const { shop, orderId, refundId } = await refunding((items) => ({
      items: [items[0]!.orderItemId],
    }));
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { amountMinor: 100 });
    await ended(refundId);
    expect(await standing(orderId)).toBe(2);
    const rest = await openedRefund(world, shop.buyer, orderId);
    expect(await world.refund(rest)).toMatchObject({ amountMinor: 2 * PRICE_MINOR - 100 });
    await until(
      () => world.refund(rest),
      (row) => row.hyperswitchRefundId !== null,
    );
    world.psp.control.settleRefund(rest, 'succeeded');
    await ended(rest);
    expect(await world.order(orderId)).toMatchObject({ status: 'refunded' });
  });

  it('webhook lost: the sweep’s look books what was done, too', async () => {
    const { shop, refundId } = await refunding({ amount: 1_000 });
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { amountMinor: 12_000, webhook: false });
    await age(world, 'refunds', refundId);
    expect(counts(await sweep(world, shop, 'stuck_refunds'), 'stuck_refunds')).toEqual(one('synced', 'told'));
    await ended(refundId);
    expect(await world.refund(refundId)).toMatchObject({ status: 'succeeded', amountMinor: 12_000 });
    expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1);
    await expectProvidersAgree(world);
  });

  describe('a webhook that does not tell the amount', () => {
    const said = (refundId: string, money: object) =>
      JSON.stringify({ event_type: 'refund.succeeded', refund_id: refundId, status: 'succeeded', ...money });
    const silently = { amountMinor: 12_000, webhook: false } as const;

    it.each([
      ['no currency', { amount: 12_000 }],
      ['no amount', { currency: 'USD' }],
      ['an amount with a point', { amount: '120.00', currency: 'USD' }],
      ['a negative amount', { amount: -1, currency: 'USD' }],
      ['half a minor unit', { amount: 12_000.5, currency: 'USD' }],
      ['the refund id alone', {}],
    ])('%s: the PSP is asked, and what was done is booked', async (_case, money) => {
      const { orderId, refundId } = await refunding({ amount: 1_000 });
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
      await world.psp.control.sendWebhook(said(refundId, money));
      await ended(refundId);
      expect(await world.refund(refundId)).toMatchObject({ status: 'succeeded', amountMinor: 12_000 });
      expect(await world.order(orderId)).toMatchObject({ refundedMinor: 12_000 });
      expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1);
      await expectProvidersAgree(world);
    });

    it('while the PSP cannot be asked nothing is booked', async () => {
      const { orderId, refundId } = await refunding({ amount: 1_000 });
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, silently);
      world.psp.control.addFault({ kind: 'status', status: 503, match: 'refunds.retrieve', times: 'always' });
      await world.psp.control.sendWebhook(said(refundId, { amount: 1_000 }));
      await attempted(world, `refund/${refundId}`, 2);
      expect(await world.refund(refundId)).toMatchObject({ status: 'pending', amountMinor: 1_000 });
      expect(await world.order(orderId)).toMatchObject({ status: 'refund_pending', refundedMinor: 0 });
      world.psp.control.clearFaults();
      await ended(refundId);
      expect(await world.refund(refundId)).toMatchObject({ status: 'succeeded', amountMinor: 12_000 });
      await expectProvidersAgree(world);
    });

    it('a success that the PSP does not confirm books nothing', async () => {
      const { orderId, refundId } = await refunding({ amount: 1_000 });
      const readsBefore = world.psp.control.requests('refunds.retrieve').length;
      await world.psp.control.sendWebhook(said(refundId, {}));
      await eventually(() =>
        expect(world.psp.control.requests('refunds.retrieve').length).toBeGreaterThan(readsBefore),
      );
      // The next word is taken up after this one.
      world.psp.control.settleRefund(refundId, 'failed', 'no');
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
    });
  });

  it.each([
    ['another currency', { currency: 'EUR' }],
    ['nothing', { amountMinor: 0 }],
  ])('%s: held, flagged, blocking, until the PSP says it right', async (_case, done) => {
    const { shop, orderId, refundId } = await refunding({ amount: 1_000 });
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, done);
    await eventually(async () =>
      expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1),
    );
    expect(await world.refund(refundId)).toMatchObject({ status: 'pending', amountMinor: 1_000 });
    expect(await world.order(orderId)).toMatchObject({ status: 'refund_pending', refundedMinor: 0 });
    const story = await world.get(shop.admin, `/admin/story?subject=${refundId}`);
    expect(JSON.stringify(story.body)).toContain('amount_differs');
    const stuck = await world.get(shop.admin, '/admin/stuck?kinds=flag&limit=100');
    expect(JSON.stringify(stuck.body)).toContain(`refund/${refundId}`);
    expect(await statusShown(world, `refund/${refundId}`)).toBe('held');
    // Corrected at the PSP: the sweep's look finds it.
    const right = { amountMinor: 1_000, currency: 'USD' };
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { ...right, webhook: false });
    await age(world, 'refunds', refundId);
    await sweep(world, shop, 'stuck_refunds');
    await ended(refundId);
    expect(await statusShown(world, `refund/${refundId}`)).toBe('succeeded');
    expect(await world.order(orderId)).toMatchObject({ status: 'partially_refunded', refundedMinor: 1_000 });
    await expectProvidersAgree(world);
  });

  describe('held, and never corrected at the PSP', () => {
    async function held(done: object, body: object = { amount: 1_000 }) {
      const made = await refunding(body);
      world.psp.control.settleRefund(made.refundId, 'succeeded', undefined, done);
      await eventually(async () =>
        expect(await openFlags(world, 'amount_differs', `refund/${made.refundId}`)).toHaveLength(1),
      );
      return made;
    }
    const act = (by: Person, action: string, refundId: string) =>
      world.post(by, '/admin/actions', {
        action,
        subject: `refund/${refundId}`,
        reason: 'the PSP’s support says so',
      });
    /** What a comparison with the providers would go on telling of. */
    const corrected = (refundId: string, amountMinor: number, status: 'succeeded' | 'failed' = 'succeeded') =>
      world.psp.control.settleRefund(refundId, status, undefined, {
        amountMinor,
        currency: 'USD',
        webhook: false,
      });

    it('another currency: a person says that the buyer has it, and it is booked as asked for', async () => {
      const { shop, orderId, refundId } = await held({ currency: 'EUR' });
      const stuck = await world.get(shop.admin, '/admin/stuck?kind=refund&older_than_minutes=0&limit=100');
      expect(stuck.body['data']).toContainEqual(
        expect.objectContaining({ subject: `refund/${refundId}`, waiting_for: 'held' }),
      );
      const done = await act(shop.admin, 'settled_outside', refundId);
      expect(done.status, JSON.stringify(done.body)).toBe(200);
      expect(done.body['done']).toMatchObject({ now: { status: 'succeeded' } });
      await ended(refundId);
      expect(await world.refund(refundId)).toMatchObject({ status: 'succeeded', amountMinor: 1_000 });
      expect(await world.order(orderId)).toMatchObject({
        status: 'partially_refunded',
        refundedMinor: 1_000,
      });
      expect(await posted(world, orderId, 'cash:psp')).toBe(
        2 * PRICE_MINOR - 1_000 - (await sentMinor(orderId)),
      );
      expect((await auditLogOf(world, `refund/${refundId}`)).map(({ action }) => action)).toContain(
        'refund.settled_outside',
      );
      // What the PSP goes on saying brings nothing up again, and books nothing twice.
      await age(world, 'refunds', refundId);
      await sweep(world, shop, 'outside', 'stuck_refunds');
      expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toEqual([]);
      expect((await act(shop.admin, 'settled_outside', refundId)).body['code']).toBe('refund_not_open');
      expect((await world.order(orderId)).refundedMinor).toBe(1_000);
      corrected(refundId, 1_000);
      await expectProvidersAgree(world);
    });

    it('nothing: a person ends it, the order is free, and what the PSP does after all is booked', async () => {
      const { shop, orderId, refundId } = await held({ amountMinor: 0 });
      const done = await act(shop.admin, 'give_up', refundId);
      expect(done.body['done']).toMatchObject({ now: { status: 'failed' } });
      expect(await world.finished(`refund/${refundId}`)).toMatchObject({ status: 'failed' });
      expect(await world.order(orderId)).toMatchObject({ status: 'completed', refundedMinor: 0 });
      const looked = counts(await sweep(world, shop, 'outside'), 'outside');
      expect(looked).toMatchObject({ synced: 0 });
      expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toEqual([]);
      // Corrected at the PSP in the end: the sweep tells it, and it is settled in full.
      corrected(refundId, 1_000);
      await sweep(world, shop, 'outside');
      await ended(refundId);
      expect(await world.order(orderId)).toMatchObject({ refundedMinor: 1_000 });
      expect(await openFlags(world, 'succeeded_after_failed', `refund/${refundId}`)).toHaveLength(1);
      await expectProvidersAgree(world);
    });

    it('above the limit a second admin has to agree', async () => {
      const shop = await openShop(world, { prices: [60_000] });
      const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
      const refundId = await openedRefund(world, shop.buyer, orderId);
      await until(
        () => world.refund(refundId),
        (row) => row.hyperswitchRefundId !== null,
      );
      world.psp.control.settleRefund(refundId, 'succeeded', undefined, { currency: 'EUR' });
      await eventually(async () =>
        expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1),
      );
      for (const action of ['settled_outside', 'give_up']) {
        const asked = await act(shop.admin, action, refundId);
        expect(asked.status, JSON.stringify(asked.body)).toBe(202);
        expect((await world.refund(refundId)).status).toBe('pending');
        if (action === 'give_up') continue;
        const approvalId: string = asked.body['approval']!['id']!;
        const second = await makePerson(world, 'admin');
        const rejected = await world.post(second, `/admin/approvals/${approvalId}/reject`, {
          reason: 'not yet',
        });
        expect(rejected.status, JSON.stringify(rejected.body)).toBe(200);
      }
      corrected(refundId, 60_000);
      await age(world, 'refunds', refundId);
      await sweep(world, shop, 'stuck_refunds');
      await ended(refundId);
    });

    it('of one that is not held neither is possible', async () => {
      const { shop, refundId } = await refunding({ amount: 1_000 });
      expect((await act(shop.admin, 'settled_outside', refundId)).body['code']).toBe('refund_not_held');
      expect((await act(shop.admin, 'give_up', refundId)).body['code']).toBe('refund_known_to_psp');
      world.psp.control.settleRefund(refundId, 'succeeded');
      await ended(refundId);
    });
  });

  it('failed first, then succeeded with another amount: booked as what was done', async () => {
    const { orderId, refundId } = await refunding({ amount: 1_000 });
    world.psp.control.settleRefund(refundId, 'failed', 'no');
    await world.finished(`refund/${refundId}`);
    world.psp.control.settleRefund(refundId, 'succeeded', undefined, { amountMinor: 3_000 });
    await eventually(async () => expect((await world.refund(refundId)).status).toBe('succeeded'));
    expect(await world.refund(refundId)).toMatchObject({ amountMinor: 3_000 });
    expect(await world.order(orderId)).toMatchObject({ refundedMinor: 3_000 });
    await expectProvidersAgree(world);
  });

  it('succeeded, then told once more with another amount: not booked twice, flagged', async () => {
    const { orderId, refundId } = await refunding({ amount: 1_000 });
    world.psp.control.settleRefund(refundId, 'succeeded');
    await ended(refundId);
    const before = await pictureOf(world, orderId);
    const body = {
      event_type: 'refund_succeeded',
      refund_id: refundId,
      status: 'succeeded',
      amount: 9_000,
      currency: 'USD',
    };
    await world.psp.control.sendWebhook(JSON.stringify(body));
    await eventually(async () =>
      expect(await openFlags(world, 'amount_differs', `refund/${refundId}`)).toHaveLength(1),
    );
    expect(await pictureOf(world, orderId)).toEqual(before);
  });

  it('a give-back of less than was held: the rest is on the operators’ list, and can be given back', async () => {
    const shop = await openShop(world);
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.pay(orderId, { amountReceivedMinor: 4_000 });
    await world.finished(`order/${orderId}`);
    const [refund] = await refundsOf(world, orderId);
    await until(
      () => world.refund(refund!.id),
      (row) => row.hyperswitchRefundId !== null,
    );
    world.psp.control.settleRefund(refund!.id, 'succeeded', undefined, { amountMinor: 3_000 });
    await world.finished(`refund/${refund!.id}`);
    expect(await world.order(orderId)).toMatchObject({ capturedMinor: 4_000, refundedMinor: 3_000 });
    expect(await openFlags(world, 'give_back_failed', `refund/${refund!.id}`)).toHaveLength(1);
    await expectProvidersAgree(world);
  });

  it('an outside refund of nothing is flagged, and stops nothing', async () => {
    const shop = await openShop(world);
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const body = {
      event_type: 'refund_succeeded',
      refund_id: 'ref_of_nothing',
      payment_id: orderId,
      status: 'succeeded',
      amount: 0,
      currency: 'USD',
    };
    await world.psp.control.sendWebhook(JSON.stringify(body));
    await world.finished(`order/${orderId}`);
    expect(await refundsOf(world, orderId)).toEqual([]);
    expect(await openFlags(world, 'outside_refund_unbooked', `order/${orderId}`)).toHaveLength(1);
  });

  describe('payments', () => {
    const told = async (orderId: string, receivedMinor: number, currency: string, status = 'succeeded') => {
      const body = {
        event_type: `payment_${status}`,
        payment_id: orderId,
        status,
        amount: PRICE_MINOR,
        amount_received: receivedMinor,
        currency,
      };
      await world.psp.control.sendWebhook(JSON.stringify(body));
      await world.finished(`order/${orderId}`);
    };

    it('the currency in lower case is the same currency', async () => {
      const shop = await openShop(world);
      const orderId = await placedOrder(world, shop.buyer, shop.productIds);
      world.psp.control.pay(orderId, { webhook: false });
      await told(orderId, PRICE_MINOR, 'usd');
      expect((await world.order(orderId)).status).toBe('completed');
    });

    it.each([
      ['more', 2 * PRICE_MINOR, 'USD'],
      ['less', 1, 'USD'],
      ['another currency', PRICE_MINOR, 'EUR'],
    ])(
      'a completed order that is told a second capture (%s): nothing is booked, people are told',
      async (_case, minor, currency) => {
        const shop = await openShop(world);
        const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
        const before = await pictureOf(world, orderId);
        await told(orderId, minor, currency);
        expect(await pictureOf(world, orderId)).toEqual(before);
        expect(await openFlags(world, 'capture_differs', `order/${orderId}`)).toHaveLength(1);
      },
    );

    it('a part was given back, and then the rest was captured too: people are told', async () => {
      const shop = await openShop(world);
      const orderId = await placedOrder(world, shop.buyer, shop.productIds);
      world.psp.control.pay(orderId, { amountReceivedMinor: 4_000, status: 'partially_captured' });
      await world.finished(`order/${orderId}`);
      world.psp.control.pay(orderId);
      await eventually(async () =>
        expect(await openFlags(world, 'capture_differs', `order/${orderId}`)).toHaveLength(1),
      );
      expect(await world.order(orderId)).toMatchObject({ capturedMinor: 4_000 });
    });
  });
});
