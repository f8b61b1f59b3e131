import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { compareWithProviders, openReaders } from '../../comparison/index.ts';
import {
  auditLogOf,
  keysOf,
  openFlags,
  reversalCalls,
  reversalRow,
  sentTo,
  transferCalls,
  transferRow,
} from '../harness/read.ts';
import { eventually, until } from '../harness/wait.ts';
import {
  earnedShop,
  fundsOf,
  madeFor,
  onPayouts,
  openedPayout,
  payoutCalls,
  payoutIs,
  payoutRow,
} from '../harness/payouts.ts';
import { soldOrder } from '../harness/refunded.ts';
import { NET_MINOR, openShop } from '../harness/shop.ts';
import { openedRefund, paidOrder, signal } from '../harness/stories.ts';
import { onReversalsOf, onTransfersTo, reversedBehindOurBack } from '../harness/trouble.ts';
import type { Person, World } from '../harness/world.ts';
import { createWorld } from '../reconcile/support.ts';
import { newEventId, taken } from '../webhooks/support.ts';

// What Stripe made of another amount is booked as it is, or held and flagged.

describe('what Stripe made of another amount', () => {
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

  const ALWAYS = { kind: 'otherAmount', times: 'always' } as const;
  const looksFor = (orderId: string) =>
    world.stripe.control
      .requests('transfers.list')
      .filter((entry) => entry.query['transfer_group'] === orderId).length;

  it.each([
    ['less', { amountMinor: 1 }],
    ['more', { amountMinor: NET_MINOR + 1 }],
    ['another currency', { currency: 'EUR' }],
  ])('a transfer of %s: not booked as what it is not, not sent again, flagged', async (_case, other) => {
    const shop = await openShop(world);
    const { accountId } = shop.seller;
    onTransfersTo(world, accountId, { ...ALWAYS, ...other });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const [transfer] = await world.transfersOf(orderId);
    const subject = `transfer/${transfer!.id}`;
    await eventually(async () => expect(await openFlags(world, 'amount_differs', subject)).toHaveLength(1));
    // It is looked at, and asked for no more.
    await until(
      async () => looksFor(orderId),
      (looks) => looks > 2,
    );
    expect(transferCalls(world, accountId)).toHaveLength(1);
    const [wrong] = sentTo(world, accountId);
    expect(await transferRow(world, transfer!.id)).toMatchObject({
      status: 'pending',
      completedAt: null,
      stripeTransferId: null,
      waitingFor: 'amount_differs',
    });
    const stuck = await world.get(shop.admin, '/admin/stuck?kinds=flag&limit=100');
    expect(JSON.stringify(stuck.body)).toContain(subject);

    // A person takes it back at Stripe: what is ours is sent, under a new key.
    world.stripe.control.clearFaults();
    const whole = { id: 'by_hand', refundId: null, amountMinor: wrong!.amount };
    await reversedBehindOurBack(world, wrong!.id, whole);
    expect(await world.finished(subject)).toEqual({ status: 'completed' });
    const [, right, ...more] = sentTo(world, accountId);
    expect(more).toEqual([]);
    expect(right).toMatchObject({ amount: NET_MINOR, currency: 'usd' });
    expect(await transferRow(world, transfer!.id)).toMatchObject({ stripeTransferId: right!.id });
    expect(keysOf(transferCalls(world, accountId)).at(-1)).toBe(`transfer:${transfer!.id}:2`);
    expect(await openFlags(world, 'amount_differs', subject)).toEqual([]);
    const { differences } = await compareWithProviders(world.database.db, openReaders(world.config));
    expect(differences.examples.filter(({ subject: about }) => about === `order/${orderId}`)).toEqual([]);
  });

  it('a reversal of another amount: not booked as what it is not, not asked for anew, flagged', async () => {
    const sold = await soldOrder(world);
    onReversalsOf(world, sold.stripeTransferId, { ...ALWAYS, amountMinor: 100 });
    const refundId = await openedRefund(world, sold.shop.buyer, sold.orderId);
    await until(
      () => world.refund(refundId),
      (row) => row.hyperswitchRefundId !== null,
    );
    world.psp.control.settleRefund(refundId, 'succeeded');
    await world.finished(`refund/${refundId}`);
    const [reversal] = await world.reversalsOf(refundId);
    const subject = `reversal/${reversal!.id}`;
    await eventually(async () => expect(await openFlags(world, 'amount_differs', subject)).toHaveLength(1));
    await until(
      async () => reversalCalls(world, sold.stripeTransferId).length,
      (calls) => calls > 1,
    );
    expect(world.stripe.control.reversals(sold.stripeTransferId)).toMatchObject([{ amount: 100 }]);
    expect(await reversalRow(world, reversal!.id)).toMatchObject({
      status: 'pending',
      waitingFor: 'amount_differs',
    });
    await world.temporal.workflow.getHandle(subject).terminate('a person is at it');
  });

  it.each([
    ['of another amount', { amountMinor: NET_MINOR - 1 }],
    ['in another currency', { currency: 'EUR' }],
  ])('a payout %s: neither paid nor given back, flagged', async (_case, other) => {
    const { seller } = await earnedShop(world);
    world.stripe.control.topUpAccount(seller.accountId, 'EUR', 2 * NET_MINOR);
    const fault = onPayouts(world, { ...ALWAYS, ...other });
    const id = await openedPayout(world, seller);
    await eventually(async () =>
      expect(await openFlags(world, 'amount_differs', `payout/${id}`)).toHaveLength(1),
    );
    world.stripe.control.clearFaults(fault);
    // It is looked at, and asked for no more.
    const looks = () =>
      world.stripe.control
        .requests('payouts.list')
        .filter((entry) => entry.headers['stripe-account'] === seller.accountId).length;
    await until(
      async () => looks(),
      (count) => count > 2,
    );
    expect(payoutCalls(world, id)).toHaveLength(1);
    expect(madeFor(world, seller)).toHaveLength(1);
    expect(await payoutRow(world, id)).toMatchObject({ status: 'pending', externalPayoutId: null });
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: NET_MINOR });
    await world.temporal.workflow.getHandle(`payout/${id}`).terminate('a person is at it');
  });

  describe('a payout of which Stripe made another amount', () => {
    /** Asked for 60.00 of 90.00, made as told, and held. */
    async function differing(other: { amountMinor?: number; currency?: string }, asked = 6_000) {
      world.stripe.control.setPayoutMode('manual');
      const earned = await earnedShop(world);
      if (other.currency !== undefined)
        world.stripe.control.topUpAccount(earned.seller.accountId, other.currency, NET_MINOR);
      if ((other.amountMinor ?? 0) > NET_MINOR)
        world.stripe.control.topUpAccount(earned.seller.accountId, 'USD', NET_MINOR);
      const fault = onPayouts(world, { ...ALWAYS, ...other });
      const id = await openedPayout(world, earned.seller, { amount: asked });
      await payoutIs(world, id, (row) => row.waitingFor === 'amount_differs');
      world.stripe.control.clearFaults(fault);
      const [made] = madeFor(world, earned.seller);
      return { ...earned, id, made: made!, workflowId: `payout/${id}` };
    }
    const act = (admin: Person, action: string, subject: string) =>
      world.post(admin, '/admin/actions', { action, subject, reason: 'seen in Stripe’s dashboard' });

    it.each([
      ['less', 1_000],
      ['more', 7_500],
    ])('%s: an operator books it as Stripe has it, and Stripe’s word ends it', async (_case, madeMinor) => {
      const { shop, seller, id, made, workflowId } = await differing({ amountMinor: madeMinor });
      const story = await world.get(shop.admin, `/admin/story?subject=${workflowId}`);
      expect(JSON.stringify(story.body)).toContain('book_as_made');
      const booked = await act(shop.admin, 'book_as_made', workflowId);
      expect(booked.status, JSON.stringify(booked.body)).toBe(200);
      expect(await payoutRow(world, id)).toMatchObject({
        status: 'pending',
        externalPayoutId: made.id,
        amountMinor: madeMinor,
      });
      expect(await fundsOf(world, seller)).toEqual({
        availableMinor: NET_MINOR - madeMinor,
        payingOutMinor: madeMinor,
        owedMinor: 0,
      });
      expect(await openFlags(world, 'amount_differs', workflowId)).toEqual([]);
      world.stripe.control.settlePayout(made.id, 'paid');
      expect(await world.finished(workflowId)).toEqual({ status: 'paid' });
      expect(await fundsOf(world, seller)).toMatchObject({ payingOutMinor: 0 });
      expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: NET_MINOR - madeMinor });
      expect(await auditLogOf(world, workflowId)).toMatchObject([
        {
          action: 'payout.book_as_made',
          before: { amountMinor: 6_000 },
          after: { amountMinor: madeMinor, externalPayoutId: made.id },
        },
      ]);
    });

    it.each([
      ['more than the seller has', { amountMinor: NET_MINOR + 1 }],
      ['another currency', { currency: 'EUR' }],
    ])('%s: refused by name, and given up once it is cancelled at Stripe', async (_case, other) => {
      const { shop, seller, id, made, workflowId } = await differing(other);
      const refused = await act(shop.admin, 'book_as_made', workflowId);
      expect([refused.status, refused.body['code']]).toEqual([409, 'payout_not_bookable']);
      await act(shop.admin, 'give_up', workflowId);
      await until(
        async () => (await payoutRow(world, id)).givenUpAt,
        (at) => at !== null,
      );
      expect(await fundsOf(world, seller)).toMatchObject({ payingOutMinor: 6_000 });
      world.stripe.control.settlePayout(made.id, 'failed', 'cancelled by hand');
      await signal(world, workflowId, 'retryNow');
      expect(await world.finished(workflowId)).toEqual({ status: 'failed' });
      expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: NET_MINOR, payingOutMinor: 0 });
    });

    it('cancelled at Stripe, and tried again: what was asked for is paid, under a new key', async () => {
      const { seller, id, made, workflowId } = await differing({ amountMinor: 1 });
      world.stripe.control.settlePayout(made.id, 'failed', 'cancelled by hand');
      const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
      expect(externalPayoutId).not.toBe(made.id);
      expect(keysOf(payoutCalls(world, id))).toEqual([`payout:${id}:1`, `payout:${id}:2`]);
      world.stripe.control.settlePayout(externalPayoutId!, 'paid');
      expect(await world.finished(workflowId)).toEqual({ status: 'paid' });
      expect(await openFlags(world, 'amount_differs', workflowId)).toEqual([]);
      expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: NET_MINOR - 6_000 });
    });

    it('nothing is booked of one that Stripe made as it was asked', async () => {
      world.stripe.control.setPayoutMode('manual');
      const { shop, seller } = await earnedShop(world);
      const id = await openedPayout(world, seller);
      await payoutIs(world, id, (row) => row.externalPayoutId !== null);
      const refused = await act(shop.admin, 'book_as_made', `payout/${id}`);
      expect([refused.status, refused.body['code']]).toEqual([409, 'payout_not_bookable']);
    });
  });

  it('a webhook of ours with another amount: listed as unhandled, flagged', async () => {
    const { transfer, stripeTransferId } = await soldOrder(world);
    const object = { ...world.stripe.control.transfer(stripeTransferId), amount: 1 };
    const event = {
      ...{ id: newEventId(), object: 'event', type: 'transfer.updated' },
      ...{ created: Math.floor(Date.now() / 1000), data: { object } },
    };
    await taken(world, 'stripe', event, 'unhandled');
    expect(await openFlags(world, 'amount_differs', `transfer/${transfer.id}`)).toHaveLength(1);
  });
});
