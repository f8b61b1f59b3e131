import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerAccounts } from '../../db/sellers/schema.ts';
import { webhookEvents } from '../../db/webhooks/schema.ts';
import { GONE_WORDINGS } from '../../stand-ins/stripe/types.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { expectCleanBooks } from '../harness/books.ts';
import {
  auditLogOf,
  balanceOf,
  keysOf,
  onlyTransfer,
  openFlags,
  reversalCalls,
  reversalRow,
  sentTo,
  transferCalls,
  transferRow,
} from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import {
  askPayout,
  earnedShop,
  fundsOf,
  openedPayout,
  onPayouts,
  payoutCalls,
  payoutIs,
  payoutRow,
  postingsOf,
} from '../harness/payouts.ts';
import { refundedOrder } from '../harness/refunded.ts';
import { connect, NET_MINOR, openShop, type Seller } from '../harness/shop.ts';
import { paidOrder, signal } from '../harness/stories.ts';
import { onTransfersTo } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

// Nothing here comes round by itself: a wait that a test does not end lasts longer than the test.
const PATIENT = {
  TRANSFER_RETRY_BACKOFF_BASE: '10m',
  TRANSFER_RETRY_BACKOFF_MAX: '1h',
  REVERSAL_BACKOFF_BASE: '10m',
  REVERSAL_BACKOFF_MAX: '1h',
};
const AVAILABLE = { availableMinor: NET_MINOR, payingOutMinor: 0, owedMinor: 0 };
const PAGES = { return_url: 'https://shop.example/back' };

describe('an account that is gone is the account’s fault, and not our key’s', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    world.stripe.control.setPayoutMode('auto');
    expect(await openFlags(world, 'stripe_refuses_our_key', 'stripe')).toEqual([]);
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  /** Gone, and nobody was told. */
  const vanish = ({ accountId }: Seller, wording: (typeof GONE_WORDINGS)[number] = 'account_invalid') => {
    world.stripe.control.addFault({ kind: 'loseWebhook', match: 'account.application.deauthorized' });
    world.stripe.control.ensureAccount(accountId);
    world.stripe.control.loseAccount(accountId, wording);
  };
  const accountRow = async (id: string) => {
    const [row] = await world.database.db.select().from(sellerAccounts).where(eq(sellerAccounts.userId, id));
    return row!;
  };
  const isGone = ({ id }: Seller) =>
    until(
      () => accountRow(id),
      (row) => row.transfersEnabled === false && row.payoutsEnabled === false,
    );

  describe('a payout', () => {
    it('to an account that is gone ends failed, with its money back in the balance', async () => {
      const { seller } = await earnedShop(world);
      vanish(seller);
      const id = await openedPayout(world, seller);
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
      expect(await payoutRow(world, id)).toMatchObject({
        status: 'failed',
        waitingFor: null,
        errorMessage: expect.stringContaining('does not have access to account') as string,
      });
      expect(await fundsOf(world, seller)).toEqual(AVAILABLE);
      expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_failed']);
      expect(payoutCalls(world, id)).toHaveLength(1);
      expect(await openFlags(world, 'payout_gave_up', `payout/${id}`)).toHaveLength(1);
      expect(await openFlags(world, 'account_gone', `onboarding/${seller.id}`)).toHaveLength(1);
      await isGone(seller);
      expect((await askPayout(world, seller)).body).toMatchObject({ code: 'seller_account_not_ready' });
    });

    it('that Stripe asked to slow down before: still ends failed, since nothing of it was carried out', async () => {
      const { seller } = await earnedShop(world);
      onPayouts(world, { kind: 'status', status: 429 });
      const id = await openedPayout(world, seller);
      await payoutIs(world, id, (row) => row.waitingFor === 'rate_limit');
      vanish(seller);
      await signal(world, `payout/${id}`, 'retryNow');
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
      expect(await fundsOf(world, seller)).toEqual(AVAILABLE);
    });

    it('whose answer was lost waits, flagged, and an operator’s give-up reaches an end', async () => {
      const { seller, shop } = await earnedShop(world);
      onPayouts(world, { kind: 'dropBefore' });
      const id = await openedPayout(world, seller);
      await payoutIs(world, id, (row) => row.retryCount === 1);
      vanish(seller);
      await signal(world, `payout/${id}`, 'retryNow');
      const waiting = await payoutIs(world, id, (row) => row.waitingFor === 'account_gone');
      expect(waiting).toMatchObject({ status: 'pending', retryCount: 1 });
      expect(await openFlags(world, 'account_gone', `payout/${id}`)).toHaveLength(1);
      const given = await world.post(shop.admin, '/admin/actions', {
        action: 'give_up',
        subject: `payout/${id}`,
        reason: 'the seller closed the account',
      });
      expect(given.status, JSON.stringify(given.body)).toBe(200);
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
      expect(await fundsOf(world, seller)).toEqual(AVAILABLE);
      expect(await openFlags(world, 'account_gone', `payout/${id}`)).toEqual([]);
    });

    it('whose answer was lost goes on with its key once the account is back: one payout', async () => {
      const { seller } = await earnedShop(world);
      onPayouts(world, { kind: 'dropAfter' });
      world.stripe.control.setPayoutMode('manual');
      const id = await openedPayout(world, seller);
      await payoutIs(world, id, (row) => row.retryCount === 1);
      vanish(seller);
      await signal(world, `payout/${id}`, 'retryNow');
      await payoutIs(world, id, (row) => row.waitingFor === 'account_gone');
      world.stripe.control.regainAccount(seller.accountId);
      await signal(world, `payout/${id}`, 'retryNow');
      const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
      expect(world.stripe.control.payouts(seller.accountId).map((made) => made.id)).toEqual([
        externalPayoutId,
      ]);
      expect(new Set(keysOf(payoutCalls(world, id)))).toEqual(new Set([`payout:${id}:1`]));
      world.stripe.control.settlePayout(externalPayoutId!, 'paid');
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    });

    it('that Stripe has and can say nothing of any more: an operator’s give-up reaches an end', async () => {
      const { seller, shop } = await earnedShop(world);
      world.stripe.control.setPayoutMode('manual');
      const id = await openedPayout(world, seller);
      await payoutIs(world, id, (row) => row.externalPayoutId !== null);
      vanish(seller);
      await world.post(shop.admin, '/admin/actions', {
        action: 'give_up',
        subject: `payout/${id}`,
        reason: 'the bank never got it',
      });
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
      expect(await fundsOf(world, seller)).toEqual(AVAILABLE);
    });
  });

  it('a payout that Stripe has and whose account is gone: the signal giveUp reaches an end', async () => {
    const { seller } = await earnedShop(world);
    world.stripe.control.setPayoutMode('manual');
    const id = await openedPayout(world, seller);
    await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    vanish(seller);
    await signal(world, `payout/${id}`, 'giveUp', 'the bank never got it');
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'failed' });
    expect(await fundsOf(world, seller)).toEqual(AVAILABLE);
  });

  it('the signal giveUp of a payout that Stripe has is kept on its row, and Stripe’s word ends it all the same', async () => {
    const { seller } = await earnedShop(world);
    world.stripe.control.setPayoutMode('manual');
    const id = await openedPayout(world, seller);
    const { externalPayoutId } = await payoutIs(world, id, (row) => row.externalPayoutId !== null);
    await signal(world, `payout/${id}`, 'giveUp', 'it takes too long');
    await payoutIs(world, id, (row) => row.givenUpAt !== null);
    expect((await payoutRow(world, id)).status).toBe('pending');
    world.stripe.control.settlePayout(externalPayoutId!, 'paid');
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
  });

  describe.each(GONE_WORDINGS)('a transfer (%s)', (wording) => {
    async function sold() {
      const shop = await openShop(world);
      vanish(shop.seller, wording);
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      const waiting = await until(
        () => transferRow(world, id),
        (row) => row.waitingFor === 'stripe_account',
      );
      return { ...shop, orderId, id, waiting };
    }

    it('waits without a failed attempt, looks by its group alone, and goes to the seller’s new account', async () => {
      const { seller, id, orderId, waiting } = await sold();
      expect(waiting).toMatchObject({ status: 'pending', retryCount: 0, askedAt: null });
      expect(await openFlags(world, 'account_gone', `onboarding/${seller.id}`)).toHaveLength(1);
      const looks = world.stripe.control
        .requests('transfers.list')
        .filter((entry) => entry.query['transfer_group'] === orderId);
      expect(looks.length).toBeGreaterThan(0);
      expect(looks.map((entry) => entry.query['destination'])).toEqual(looks.map(() => undefined));

      const connected = await world.post(seller, '/sellers/me/stripe-account', PAGES);
      expect(connected.status, JSON.stringify(connected.body)).toBe(200);
      const newAccount = connected.body['account']!['stripe_account_id']! as string;
      expect(newAccount).not.toBe(seller.accountId);
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(await transferRow(world, id)).toMatchObject({
        status: 'completed',
        stripeAccountId: newAccount,
        idempotencyKey: `transfer:${id}:2`,
      });
      expect(keysOf(transferCalls(world, seller.accountId))).toEqual([`transfer:${id}:1`]);
      expect(keysOf(transferCalls(world, newAccount))).toEqual([`transfer:${id}:2`]);
      expect(sentTo(world, newAccount)).toHaveLength(1);
      expect(await balanceOf(world, seller.id)).toEqual({
        pendingMinor: 0,
        availableMinor: NET_MINOR,
        owedMinor: 0,
      });
      expect(await openFlags(world, 'account_gone', `onboarding/${seller.id}`)).toEqual([]);
      expect((await auditLogOf(world, `onboarding/${seller.id}`)).map((line) => line.action)).toEqual([
        'account.replace',
      ]);
      await expectAgreement(world);
    });

    it('goes to the same account where that comes back', async () => {
      const { seller, id } = await sold();
      world.stripe.control.regainAccount(seller.accountId);
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(sentTo(world, seller.accountId)).toHaveLength(1);
      expect(await transferRow(world, id)).toMatchObject({ stripeAccountId: seller.accountId });
    });

    it('that was sent before the account went, its answer lost: taken as sent, and not sent to the new account', async () => {
      const shop = await openShop(world);
      const { seller } = shop;
      onTransfersTo(world, seller.accountId, { kind: 'dropAfter' });
      const orderId = await paidOrder(world, shop.buyer, shop.productIds);
      const { id } = await onlyTransfer(world, orderId);
      await until(
        () => transferRow(world, id),
        (row) => row.retryCount === 1,
      );
      vanish(seller, wording);
      world.stripe.control.pruneIdempotencyKeys();
      const replacement = { ...seller, accountId: `${seller.accountId}b` };
      await connect(world, replacement);
      await signal(world, `transfer/${id}`, 'retryNow');
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'completed' });
      expect(await transferRow(world, id)).toMatchObject({
        stripeTransferId: sentTo(world, seller.accountId)[0]!.id,
        stripeAccountId: seller.accountId,
      });
      expect(sentTo(world, replacement.accountId)).toEqual([]);
    });
  });

  it('a reversal of a transfer whose account is gone fails for good after one call and a look, for a person', async () => {
    const { reversal, workflowId, stripeTransferId, shop, refundId } = await refundedOrder(world, {
      before: ({ shop: { seller } }) => vanish(seller),
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
    expect(await world.refund(refundId)).toMatchObject({ status: 'succeeded' });
    expect(reversalCalls(world, stripeTransferId)).toHaveLength(1);
    expect(await openFlags(world, 'reversal_gave_up', workflowId)).toHaveLength(1);
    expect(await openFlags(world, 'account_gone', `onboarding/${shop.seller.id}`)).toHaveLength(1);
    // Back again, it is retried like any that failed for good.
    world.stripe.control.regainAccount(shop.seller.accountId);
    const retried = await world.post(shop.admin, `/admin/reversals/${reversal.id}/retry`, {
      reason: 'the account is back',
    });
    const successor = retried.body['reversal']!['id']! as string;
    expect(await world.finished(`reversal/${successor}`)).toEqual({ status: 'reversed' });
    expect(await reversalRow(world, successor)).toMatchObject({ status: 'reversed' });
  });

  it('a reversal that is given up while the account is gone reaches an end', async () => {
    const { workflowId, reversal, shop } = await refundedOrder(world, {
      troubles: [{ kind: 'dropBefore' }],
    });
    await until(
      () => reversalRow(world, reversal.id),
      (row) => row.retryCount === 1,
    );
    vanish(shop.seller);
    await world.post(shop.admin, '/admin/actions', {
      action: 'give_up',
      subject: workflowId,
      reason: 'the account is closed',
    });
    expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
  });

  it('account.application.deauthorized is taken in: the account is known as gone before anything is sent', async () => {
    const { seller } = await earnedShop(world);
    world.stripe.control.loseAccount(seller.accountId, 'account_invalid');
    const { eventId } = await world.stripe.control.waitForDelivery(
      (delivery) =>
        delivery.type === 'account.application.deauthorized' && delivery.body.includes(seller.accountId),
    );
    await isGone(seller);
    await world.finished(`onboarding/${seller.id}`);
    const [event] = await world.database.db
      .select()
      .from(webhookEvents)
      .where(eq(webhookEvents.eventId, eventId));
    expect(event).toMatchObject({ outcome: 'signalled' });
    expect(await openFlags(world, 'account_gone', `onboarding/${seller.id}`)).toHaveLength(1);
    expect((await askPayout(world, seller)).body).toMatchObject({ code: 'seller_account_not_ready' });
    // It comes back, and says so itself.
    world.stripe.control.regainAccount(seller.accountId);
    await until(
      () => accountRow(seller.id),
      (row) => row.payoutsEnabled === true,
    );
    expect(await openFlags(world, 'account_gone', `onboarding/${seller.id}`)).toEqual([]);
  });
});
