import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { openPayout } from '../../db/payouts/open.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openFlags, reversalRow } from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import {
  earnedShop,
  fundsOf,
  madeFor,
  openedPayout,
  payoutIs,
  payoutRow,
  postingsOf,
} from '../harness/payouts.ts';
import { NET_MINOR, type Seller } from '../harness/shop.ts';
import { completedOrder, openedRefund, settledRefund, signal } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

const PATIENT = { REVERSAL_BACKOFF_BASE: '10m', REVERSAL_BACKOFF_MAX: '1h' };

describe('how a payout ends', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
    world.stripe.control.setPayoutMode('manual');
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  /** A payout that Stripe has, and whose bank has said nothing yet. */
  async function accepted(body: unknown = {}) {
    const earned = await earnedShop(world);
    const id = await openedPayout(world, earned.seller, body);
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    return { ...earned, id, stripePayoutId: externalPayoutId!, workflowId: `payout/${id}` };
  }
  /** Stripe's webhook was taken in, and the workflow that it woke or started has ended. */
  async function said(stripePayoutId: string, payoutId: string, status: 'paid' | 'failed') {
    world.stripe.control.settlePayout(stripePayoutId, status, 'the account is closed');
    const type = `payout.${status}`;
    await world.stripe.control.waitForDelivery((d) => d.objectId === stripePayoutId && d.type === type);
    return world.finished(`payout/${payoutId}`);
  }
  const outcomeOf = async (eventId: string) => {
    const [event] = await world.database.db
      .select()
      .from(webhookEvents)
      .where(and(eq(webhookEvents.provider, 'stripe'), eq(webhookEvents.eventId, eventId)));
    return event?.outcome;
  };
  /** A payout event as Stripe would send it, signed with its secret. */
  async function tell(type: string, account: string | null, payout: object) {
    const id = `evt_${uuidv7()}`;
    const object = { object: 'payout', currency: 'usd', status: type.slice('payout.'.length), ...payout };
    const created = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({ id, object: 'event', type, created, account, data: { object } });
    expect((await world.stripe.control.sendWebhook(body)).status).toBe(200);
    return id;
  }

  it('failed: the money never left, and is available again', async () => {
    const { id, stripePayoutId, seller } = await accepted();
    expect(await said(stripePayoutId, id, 'failed')).toEqual({ status: 'failed' });
    expect(await payoutRow(world, id)).toMatchObject({
      status: 'failed',
      externalPayoutId: stripePayoutId,
      errorMessage: 'the account is closed',
      paidAt: null,
    });
    expect(await fundsOf(world, seller)).toEqual({
      availableMinor: NET_MINOR,
      payingOutMinor: 0,
      owedMinor: 0,
    });
    expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_failed']);
    expect((await world.get(seller, `/sellers/me/payouts/${id}`)).body['payout']).toMatchObject({
      status: 'failed',
      error_message: 'the account is closed',
    });
    await openedPayout(world, seller);
  });

  it('failed days later, after paid: the bank sent it back', async () => {
    const { id, stripePayoutId, seller } = await accepted();
    expect(await said(stripePayoutId, id, 'paid')).toEqual({ status: 'paid' });
    expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: 0 });
    // Its workflow ended with `paid`: the webhook starts another one under the same id.
    expect(await said(stripePayoutId, id, 'failed')).toEqual({ status: 'failed' });
    expect(await payoutRow(world, id)).toMatchObject({ status: 'failed', externalPayoutId: stripePayoutId });
    expect(await fundsOf(world, seller)).toEqual({
      availableMinor: NET_MINOR,
      payingOutMinor: 0,
      owedMinor: 0,
    });
    expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_paid', 'payout_returned']);
    expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: NET_MINOR });
  });

  it('repeated webhooks book nothing twice', async () => {
    const { id, stripePayoutId, seller } = await accepted();
    await said(stripePayoutId, id, 'paid');
    const paid = { id: stripePayoutId, amount: NET_MINOR, metadata: { payout_id: id } };
    for (let repeat = 0; repeat < 3; repeat += 1) {
      expect(await outcomeOf(await tell('payout.paid', seller.accountId, paid))).toBe('signalled');
      await world.finished(`payout/${id}`);
    }
    expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_paid']);
  });

  it('out of order, failed before paid: it stays failed, and nobody is alarmed', async () => {
    const { id, stripePayoutId, workflowId, seller } = await accepted();
    await said(stripePayoutId, id, 'failed');
    const paid = { id: stripePayoutId, amount: NET_MINOR, metadata: { payout_id: id } };
    await tell('payout.paid', seller.accountId, paid);
    expect(await world.finished(workflowId)).toEqual({ status: 'failed' });
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
    expect(await openFlags(world, 'payout_paid_after_failed', workflowId)).toEqual([]);
  });

  it('paid at Stripe after it had failed: a person must look', async () => {
    const { id, stripePayoutId, workflowId } = await accepted();
    await said(stripePayoutId, id, 'failed');
    expect(await said(stripePayoutId, id, 'paid')).toEqual({ status: 'failed' });
    expect(await openFlags(world, 'payout_paid_after_failed', workflowId)).toHaveLength(1);
  });

  it('a cancelled one never left', async () => {
    const { id, stripePayoutId, seller } = await accepted();
    const cancelled = { id: stripePayoutId, amount: NET_MINOR, metadata: { payout_id: id } };
    await tell('payout.canceled', seller.accountId, cancelled);
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
  });

  it('its webhook is lost: an operator has Stripe asked, and the answer ends it', async () => {
    const { id, stripePayoutId, workflowId, seller } = await accepted();
    world.stripe.control.addFault({ kind: 'loseWebhook', match: 'payout.paid' });
    await signal(world, workflowId, 'retryNow');
    expect((await payoutRow(world, id)).status).toBe('pending');
    world.stripe.control.settlePayout(stripePayoutId, 'paid');
    await signal(world, workflowId, 'retryNow');
    expect(await world.finished(workflowId)).toEqual({ status: 'paid' });
    expect(await fundsOf(world, seller)).toEqual({ availableMinor: 0, payingOutMinor: 0, owedMinor: 0 });
  });

  describe('a webhook that is not about a payout of ours', () => {
    const flagged = (stripePayoutId: string) => openFlags(world, 'outside_payout', stripePayoutId);

    it('made in Stripe’s dashboard: kept and listed', async () => {
      const { seller } = await earnedShop(world);
      const stripePayoutId = `po_${uuidv7()}`;
      const event = await tell('payout.paid', seller.accountId, { id: stripePayoutId, amount: 500 });
      expect(await outcomeOf(event)).toBe('unhandled');
      expect(await flagged(stripePayoutId)).toHaveLength(1);
    });

    it('names one that is no row: unmatched, to be tried again', async () => {
      const { seller } = await earnedShop(world);
      const payout = { id: `po_${uuidv7()}`, amount: 500, metadata: { payout_id: uuidv7() } };
      expect(await outcomeOf(await tell('payout.paid', seller.accountId, payout))).toBe('unmatched');
    });

    it.each<[string, { account?: string; amount?: number; currency?: string }]>([
      ['another account', { account: 'acct_somebody' }],
      ['another amount', { amount: 1 }],
      ['another currency', { currency: 'eur' }],
    ])('names one of ours from %s: not believed', async (_, { account, ...differs }) => {
      const { id, seller } = await accepted();
      const stripePayoutId = `po_${uuidv7()}`;
      const payout = { id: stripePayoutId, amount: NET_MINOR, metadata: { payout_id: id }, ...differs };
      expect(await outcomeOf(await tell('payout.paid', account ?? seller.accountId, payout))).toBe(
        'unhandled',
      );
      expect(await flagged(stripePayoutId)).toHaveLength(1);
      expect((await payoutRow(world, id)).status).toBe('pending');
    });

    it('says nothing that ends it: ignored', async () => {
      const { id, stripePayoutId, seller } = await accepted();
      const payout = { id: stripePayoutId, amount: NET_MINOR, metadata: { payout_id: id } };
      expect(await outcomeOf(await tell('payout.updated', seller.accountId, payout))).toBe('ignored');
    });
  });

  describe('and what is refunded around it', () => {
    it('a refund after the payout is owed, and does not break the next payout', async () => {
      const { id, stripePayoutId, seller, shop, orderId } = await accepted();
      await said(stripePayoutId, id, 'paid');
      const refundId = await openedRefund(world, shop.buyer, orderId);
      await world.finished(`refund/${refundId}`);
      expect(await fundsOf(world, seller)).toEqual({
        availableMinor: 0,
        payingOutMinor: 0,
        owedMinor: NET_MINOR,
      });
      const [reversal] = await world.reversalsOf(refundId);
      await until(
        () => reversalRow(world, reversal!.id),
        (row) => row.waitingFor === 'seller_funds',
      );
      await expectCleanBooks(world);

      // The next sale nets the debt, and its money pays the reversal back.
      await completedOrder(world, shop.buyer, shop.productIds);
      await world.finished(`reversal/${reversal!.id}`);
      expect(await fundsOf(world, seller)).toEqual({ availableMinor: 0, payingOutMinor: 0, owedMinor: 0 });
      expect((await world.post(seller, '/sellers/me/payouts')).body['code']).toBe('nothing_available');
      await completedOrder(world, shop.buyer, shop.productIds);
      const next = await openedPayout(world, seller);
      const { externalPayoutId } = await payoutIs(world, next, (row) => row.externalPayoutId !== null);
      expect(await said(externalPayoutId!, next, 'paid')).toEqual({ status: 'paid' });
      expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: 0 });
    });

    it('a refund while it is on its way: what comes back pays the debt first, and the waiting reversal', async () => {
      const { id, stripePayoutId, seller, shop, orderId } = await accepted({ amount: 6_000 });
      const refundId = await openedRefund(world, shop.buyer, orderId);
      await world.finished(`refund/${refundId}`);
      expect(await fundsOf(world, seller)).toEqual({
        availableMinor: 0,
        payingOutMinor: 6_000,
        owedMinor: 6_000,
      });
      const [reversal] = await world.reversalsOf(refundId);
      await until(
        () => reversalRow(world, reversal!.id),
        (row) => row.waitingFor === 'seller_funds',
      );
      await expectCleanBooks(world);
      expect(await said(stripePayoutId, id, 'failed')).toEqual({ status: 'failed' });
      await world.finished(`reversal/${reversal!.id}`);
      expect(await fundsOf(world, seller)).toEqual({ availableMinor: 0, payingOutMinor: 0, owedMinor: 0 });
      expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: 0 });
    });

    it('a refund of another order before the payout lowers what is paid out', async () => {
      const { seller, shop } = await earnedShop(world);
      const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
      await settledRefund(world, shop.buyer, orderId, { amount: 5_000 });
      const id = await openedPayout(world, seller);
      expect(await payoutRow(world, id)).toMatchObject({ amountMinor: 2 * NET_MINOR - 4_500 });
      const [made] = await until(
        async () => madeFor(world, seller),
        (all) => all.length === 1,
      );
      await said(made!.id, id, 'paid');
      expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: 0 });
    });
  });

  it('a row without a workflow gets one, and goes on where it stands', async () => {
    const { seller } = await earnedShop(world);
    const id = uuidv7();
    await openPayoutRow(id, seller);
    const label = { payoutId: id, sellerId: seller.id, amountMinor: NET_MINOR, currency: 'USD' };
    await world.engine.startPayout(label);
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    await world.engine.startPayout(label);
    expect(madeFor(world, seller)).toHaveLength(1);
    expect(await said(externalPayoutId!, id, 'paid')).toEqual({ status: 'paid' });
    const rows = await world.database.db.select().from(sellerPayouts).where(eq(sellerPayouts.id, id));
    expect(rows).toHaveLength(1);
  });

  async function openPayoutRow(payoutId: string, seller: Seller): Promise<void> {
    const opening = await openPayout(
      world.database.db,
      { payoutId, ask: { sellerId: seller.id } },
      { minimumMinor: 1 },
    );
    expect(opening).toMatchObject({ opened: { payoutId } });
  }
});
