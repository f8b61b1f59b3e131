import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { idempotencyKeys } from '../../db/kernel/schema.ts';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { sellerAccounts } from '../../db/sellers/schema.ts';
import { keepAsk, takeAsk } from '../../db/kernel/index.ts';
import { openPayout } from '../../db/payouts/open.ts';
import { settleDispute } from '../../db/marketplace/disputes/settle.ts';
import { expectCleanBooks } from '../harness/books.ts';
import {
  askPayout,
  earnedShop,
  fundsOf,
  madeFor,
  openedPayout,
  payoutCalls,
  payoutRow,
  payoutsOf,
  postingsOf,
} from '../harness/payouts.ts';
import { NET_MINOR, openShop } from '../harness/shop.ts';
import { completedOrder } from '../harness/stories.ts';
import { type Person, World } from '../harness/world.ts';
import { PURCHASES } from '../marketplace/verbs.ts';

describe('a payout that is asked for', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    world.stripe.control.setPayoutMode('manual');
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    world.stripe.control.setPayoutMode('manual');
    await expectCleanBooks(world);
  });
  afterAll(() => world.close());

  const refusedWith = async (seller: Person, body: unknown, code: string) => {
    const answer = await askPayout(world, seller, body);
    expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ code, status: 400 });
    return answer.body;
  };
  const dispute = async (orderId: string, amountMinor: number) => {
    const news = { providerDisputeId: `dp_${uuidv7()}`, amountMinor, currency: 'USD' };
    await settleDispute(
      world.database.db,
      { kind: 'order', id: orderId },
      { ...news, status: 'open' },
      PURCHASES,
    );
    return news;
  };

  it('happy: set aside at once, made at Stripe on the seller’s account, paid by its webhook', async () => {
    const { seller } = await earnedShop(world);
    const answer = await askPayout(world, seller);
    expect(answer.status).toBe(202);
    expect(answer.body['payout']).toMatchObject({
      seller_id: seller.id,
      status: 'pending',
      amount: NET_MINOR,
      currency: 'USD',
    });
    const id: string = answer.body['payout']!['id']!;
    expect(await fundsOf(world, seller)).toEqual({
      availableMinor: 0,
      payingOutMinor: NET_MINOR,
      owedMinor: 0,
    });
    await world.stripe.control.waitForRequest(
      (entry) =>
        entry.operation === 'payouts.create' &&
        entry.status === 200 &&
        entry.headers['idempotency-key'] === `payout:${id}:1`,
    );
    const [made] = madeFor(world, seller);
    expect(made).toMatchObject({ amount: NET_MINOR, currency: 'usd', metadata: { payout_id: id } });
    expect(payoutCalls(world, id)[0]!.headers['stripe-account']).toBe(seller.accountId);

    world.stripe.control.settlePayout(made!.id, 'paid');
    expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
    expect(await payoutRow(world, id)).toMatchObject({
      status: 'paid',
      externalPayoutId: made!.id,
      stripeAccountId: seller.accountId,
      idempotencyKey: `payout:${id}:1`,
      retryCount: 0,
      failedAt: null,
    });
    expect(await fundsOf(world, seller)).toEqual({ availableMinor: 0, payingOutMinor: 0, owedMinor: 0 });
    expect(world.stripe.control.accountBalance(seller.accountId)).toEqual({ usd: 0 });
    expect(await postingsOf(world, id)).toEqual(['payout_asked', 'payout_paid']);

    const shown = await world.get(seller, `/sellers/me/payouts/${id}`);
    expect(shown.body['payout']).toMatchObject({
      id,
      status: 'paid',
      external_payout_id: made!.id,
      failed_at: null,
    });
    const listed = await world.get(seller, '/sellers/me/payouts');
    expect(listed.body['data']).toMatchObject([{ id }]);
  });

  it('a part of what is available, then the rest', async () => {
    const { seller } = await earnedShop(world);
    await openedPayout(world, seller, { amount: 2_500, currency: 'usd' });
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 6_500, payingOutMinor: 2_500 });
    await openedPayout(world, seller);
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 0, payingOutMinor: NET_MINOR });
    expect((await payoutsOf(world, seller)).map((row) => row.amountMinor)).toEqual([2_500, 6_500]);
  });

  describe('is refused', () => {
    it.each([[0], [-1], [1.5], ['100'], [null], [2 ** 60]])(
      'amount %j: payout_amount_invalid',
      async (amount) => {
        const { seller } = await earnedShop(world);
        await refusedWith(seller, { amount }, 'payout_amount_invalid');
        expect(await payoutsOf(world, seller)).toEqual([]);
      },
    );

    it('more than is available: payout_amount_invalid, naming what is', async () => {
      const { seller } = await earnedShop(world);
      const body = await refusedWith(seller, { amount: NET_MINOR + 1 }, 'payout_amount_invalid');
      expect(body).toMatchObject({ available_amount: NET_MINOR });
    });

    it('below the minimum: payout_below_minimum, naming it', async () => {
      const { seller } = await earnedShop(world);
      const body = await refusedWith(seller, { amount: 99 }, 'payout_below_minimum');
      expect(body).toMatchObject({ minimum_amount: 100, available_amount: NET_MINOR });
      await openedPayout(world, seller, { amount: 100 });
    });

    it('nothing earned, or nothing in that currency: nothing_available', async () => {
      const { seller } = await openShop(world);
      await refusedWith(seller, {}, 'nothing_available');
      const earned = await earnedShop(world);
      await refusedWith(earned.seller, { currency: 'EUR' }, 'nothing_available');
      await openedPayout(world, earned.seller);
      await refusedWith(earned.seller, {}, 'nothing_available');
    });

    it('no Stripe account: seller_has_no_account', async () => {
      const { seller } = await openShop(world, { connected: false });
      await refusedWith(seller, {}, 'seller_has_no_account');
    });

    it('an account that Stripe does not let pay out: seller_account_not_ready', async () => {
      const { seller } = await earnedShop(world);
      await world.database.db
        .update(sellerAccounts)
        .set({ payoutsEnabled: false })
        .where(eq(sellerAccounts.userId, seller.id));
      await refusedWith(seller, {}, 'seller_account_not_ready');
    });

    it('balances in two currencies and none named: payout_currency_required', async () => {
      const { seller } = await earnedShop(world);
      const { db } = world.database;
      await db.insert(sellerBalances).values({ sellerId: seller.id, currency: 'EUR', availableMinor: 500 });
      const body = await refusedWith(seller, {}, 'payout_currency_required');
      expect(body['detail']).toContain('EUR, USD');
      // The invented money is gone before the books are judged.
      await db
        .delete(sellerBalances)
        .where(and(eq(sellerBalances.sellerId, seller.id), eq(sellerBalances.currency, 'EUR')));
    });

    it('an unknown currency or field: validation_failed', async () => {
      const { seller } = await earnedShop(world);
      for (const body of [{ currency: 'dollars' }, { money: 5 }]) {
        expect((await askPayout(world, seller, body)).body).toMatchObject({
          status: 422,
          code: 'validation_failed',
        });
      }
    });

    it('nobody, or somebody whom we do not know: unauthenticated', async () => {
      expect((await world.post(null, '/sellers/me/payouts')).status).toBe(401);
      const id = uuidv7();
      const stranger = { id, role: 'artist' as const, token: await world.strangersToken(id) };
      expect((await askPayout(world, stranger)).body['code']).toBe('unauthenticated');
    });
  });

  it('another seller’s payout is not to be seen; admins see all', async () => {
    const { seller, shop } = await earnedShop(world);
    const id = await openedPayout(world, seller);
    const { seller: other } = await openShop(world);
    expect((await world.get(other, `/sellers/me/payouts/${id}`)).body).toMatchObject({
      status: 404,
      code: 'payout_not_found',
    });
    expect((await world.get(other, '/sellers/me/payouts')).body['data']).toEqual([]);
    expect((await world.get(other, '/admin/payouts')).status).toBe(403);
    const listed = await world.get(shop.admin, `/admin/payouts?status=pending&seller_id=${seller.id}`);
    expect(listed.body['data']).toMatchObject([{ id, seller_id: seller.id }]);
  });

  describe('by its Idempotency-Key', () => {
    it('same key and body: same payout and answer, also after it was paid', async () => {
      const { seller } = await earnedShop(world);
      world.stripe.control.setPayoutMode('auto');
      const key = uuidv7();
      const first = await askPayout(world, seller, { amount: 1_000, currency: 'USD' }, key);
      expect(first.status).toBe(202);
      const again = await askPayout(world, seller, { currency: 'USD', amount: 1_000 }, key);
      expect([again.status, again.body]).toEqual([202, first.body]);
      const id: string = first.body['payout']!['id']!;
      await world.finished(`payout/${id}`);
      expect((await askPayout(world, seller, { amount: 1_000, currency: 'USD' }, key)).body).toEqual(
        first.body,
      );
      expect(await payoutsOf(world, seller)).toHaveLength(1);
      const [stored] = await world.database.db
        .select()
        .from(idempotencyKeys)
        .where(eq(idempotencyKeys.key, key));
      expect(stored).toMatchObject({ scope: `${seller.id}:requestPayout` });
    });

    it('another body: 422', async () => {
      const { seller } = await earnedShop(world);
      const key = uuidv7();
      await askPayout(world, seller, { amount: 1_000 }, key);
      expect((await askPayout(world, seller, { amount: 1_001 }, key)).body).toMatchObject({
        status: 422,
        code: 'idempotency_key_reused',
      });
    });

    it('a key in progress answers like the first call: all at once make one payout', async () => {
      const { seller } = await earnedShop(world);
      const key = uuidv7();
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => askPayout(world, seller, { amount: 700 }, key)),
      );
      for (const answer of answers) expect([answer.status, answer.body]).toEqual([202, answers[0]!.body]);
      expect(await payoutsOf(world, seller)).toHaveLength(1);
      expect(await fundsOf(world, seller)).toMatchObject({ payingOutMinor: 700 });
    });

    it('one that cannot be used: idempotency_key_invalid', async () => {
      const { seller } = await earnedShop(world);
      expect((await askPayout(world, seller, {}, 'x'.repeat(256))).body['code']).toBe(
        'idempotency_key_invalid',
      );
    });

    it('a refusal is not stored, and another seller’s key is another key', async () => {
      const { seller } = await openShop(world);
      const key = uuidv7();
      expect((await askPayout(world, seller, {}, key)).body['code']).toBe('nothing_available');
      const earned = await earnedShop(world);
      const [one, two] = [
        await askPayout(world, earned.seller, {}, key),
        await askPayout(world, seller, {}, key),
      ];
      expect(one.status).toBe(202);
      expect(two.body['code']).toBe('nothing_available');
    });
  });

  it('two at once never have more than is available', async () => {
    const { seller } = await earnedShop(world);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => askPayout(world, seller, { amount: 4_000 })),
    );
    const opened = answers.filter((answer) => answer.status === 202);
    expect(opened).toHaveLength(2);
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      expect(answer.body).toMatchObject({ code: 'payout_amount_invalid', available_amount: 1_000 });
    }
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 1_000, payingOutMinor: 8_000 });
    const whole = await earnedShop(world);
    const all = await Promise.all(Array.from({ length: 4 }, () => askPayout(world, whole.seller)));
    expect(all.filter((answer) => answer.status === 202)).toHaveLength(1);
    expect(await fundsOf(world, whole.seller)).toMatchObject({
      availableMinor: 0,
      payingOutMinor: NET_MINOR,
    });
  });

  it('nor can two that are decided at the same moment: the balance is locked', async () => {
    const { seller } = await earnedShop(world);
    const openings = await Promise.all(
      Array.from({ length: 5 }, () =>
        openPayout(
          world.database.db,
          { payoutId: uuidv7(), ask: { sellerId: seller.id, amount: 5_000 } },
          { minimumMinor: 1 },
        ),
      ),
    );
    expect(openings.filter((opening) => 'opened' in opening)).toHaveLength(1);
    expect(await fundsOf(world, seller)).toMatchObject({ availableMinor: 4_000, payingOutMinor: 5_000 });
  });

  it('one that was refused is refused again in the same words, whatever came meanwhile, until that was read', async () => {
    const { seller, shop } = await earnedShop(world);
    const payoutId = uuidv7();
    const { db } = world.database;
    await keepAsk(db, payoutId, { kind: 'payout', sellerId: seller.id, amount: NET_MINOR + 1 });
    const start = () =>
      world.engine.requestPayout({ payoutId }, { sellerId: seller.id, amountMinor: 1, currency: 'USD' });
    const refusal = await start();
    expect(refusal).toMatchObject({ refused: { code: 'payout_amount_invalid' } });
    await completedOrder(world, shop.buyer, shop.productIds);
    // A worker that was lost after its commit makes another one decide again.
    expect(await start()).toEqual(refusal);
    await takeAsk(db, payoutId);
    expect(await start()).toMatchObject({ refused: { code: 'payout_not_found' } });
    expect(await fundsOf(world, seller)).toMatchObject({ payingOutMinor: 0 });
  });

  describe('with a disputed order', () => {
    it('the seller’s share of it stays, and is freed with the dispute', async () => {
      const { seller, shop, orderId } = await earnedShop(world);
      await completedOrder(world, shop.buyer, shop.productIds);
      const news = await dispute(orderId, 4_000);
      const refused = await refusedWith(seller, { amount: NET_MINOR + 1 }, 'payout_amount_invalid');
      expect(refused).toMatchObject({ available_amount: NET_MINOR, disputed_amount: NET_MINOR });
      const id = await openedPayout(world, seller);
      expect(await payoutRow(world, id)).toMatchObject({ amountMinor: NET_MINOR });
      expect(await refusedWith(seller, {}, 'nothing_available')).toMatchObject({
        disputed_amount: NET_MINOR,
      });

      await settleDispute(
        world.database.db,
        { kind: 'order', id: orderId },
        { ...news, status: 'won' },
        PURCHASES,
      );
      await openedPayout(world, seller);
      expect(await fundsOf(world, seller)).toMatchObject({
        availableMinor: 0,
        payingOutMinor: 2 * NET_MINOR,
      });
    });

    it('only what is left of the share after refunds is held', async () => {
      const { seller, shop, orderId } = await earnedShop(world);
      const refunded = await world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {
        amount: 4_000,
      });
      const refundId: string = refunded.body['refund']!['id']!;
      await world.finished(`refund/${refundId}`);
      await completedOrder(world, shop.buyer, shop.productIds);
      await dispute(orderId, 6_000);
      const body = await refusedWith(seller, { amount: 20_000 }, 'payout_amount_invalid');
      expect(body).toMatchObject({ available_amount: NET_MINOR, disputed_amount: 5_400 });
    });

    it('another seller’s share is not theirs to wait for', async () => {
      const shop = await openShop(world, { prices: [10_000, 2_000] });
      const [ada, ben] = shop.sellers;
      const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
      const other = await completedOrder(world, shop.buyer, [ben!.productId]);
      await dispute(orderId, 12_000);
      await refusedWith(ada!, {}, 'nothing_available');
      const id = await openedPayout(world, ben!);
      expect(await payoutRow(world, id)).toMatchObject({ amountMinor: 1_800 });
      expect(other.transfers).toHaveLength(1);
    });

    it('a dispute row by itself is enough', async () => {
      const { seller, orderId } = await earnedShop(world);
      await world.database.db.insert(disputes).values({
        id: uuidv7(),
        orderId,
        providerDisputeId: `dp_${uuidv7()}`,
        amountMinor: 1,
        currency: 'EUR',
        openedAt: new Date(),
      });
      await refusedWith(seller, {}, 'nothing_available');
    });
  });
});
