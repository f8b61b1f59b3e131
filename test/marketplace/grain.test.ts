import { and, eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sellerBalances } from '../../db/ledger/schema.ts';
import { expectAgreement } from '../harness/agreement.ts';
import { onlyTransfer, openFlags, sentTo, transferRow } from '../harness/read.ts';
import { until } from '../harness/wait.ts';
import { askPayout, openedPayout, payoutRow } from '../harness/payouts.ts';
import { makeProduct, openShop, type Shop } from '../harness/shop.ts';
import { completedOrder, openedRefund, paidOrder, settledRefund, signal } from '../harness/stories.ts';
import { onTransfersTo } from '../harness/trouble.ts';
import { World } from '../harness/world.ts';

const PATIENT = {
  TRANSFER_RETRY_BACKOFF_BASE: '10m',
  TRANSFER_RETRY_BACKOFF_MAX: '1h',
  PAYOUT_MINIMUM_MINOR: '1',
};
/** 5.130 KWD: a tenth is the fee, and 4.617 the share, which Stripe does not take. */
const PRICE = 5_130;

describe('amounts are cut to what Stripe takes in their currency', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create({ env: PATIENT });
  });
  afterEach(async () => {
    world.stripe.control.clearFaults();
    await expectAgreement(world);
  });
  afterAll(() => world.close());

  /** What the seller has, in minor units. */
  async function balance({ seller }: Shop, currency: string) {
    const [row] = await world.database.db
      .select()
      .from(sellerBalances)
      .where(and(eq(sellerBalances.sellerId, seller.id), eq(sellerBalances.currency, currency)));
    const { pendingMinor, restMinor, availableMinor, owedMinor, feesOwedMinor } = row!;
    return { pendingMinor, restMinor, availableMinor, owedMinor, feesOwedMinor };
  }
  const NOTHING = { pendingMinor: 0, restMinor: 0, availableMinor: 0, owedMinor: 0, feesOwedMinor: 0 };
  async function shopIn(currency: string, ...prices: number[]) {
    const shop = await openShop(world);
    const productIds = [];
    for (const price of prices) productIds.push(await makeProduct(world, shop.seller, price, currency));
    return { ...shop, productIds };
  }
  async function sold(shop: Shop, productId = shop.productIds[0]!) {
    const { orderId, transfers } = await completedOrder(world, shop.buyer, [productId]);
    return { orderId, transfer: transfers[0]! };
  }
  const given = (seller: Shop['seller']) => sentTo(world, seller.accountId).map((made) => made.amount);

  it('a share of 4.617 KWD: 4.610 are sent, 0.007 stay in the balance, and the next transfer takes them along', async () => {
    const shop = await shopIn('KWD', PRICE);
    const { transfer } = await sold(shop);
    expect(transfer).toMatchObject({ status: 'completed', amountMinor: 4_610, retryCount: 0 });
    expect(await balance(shop, 'KWD')).toEqual({
      ...NOTHING,
      pendingMinor: 7,
      restMinor: 7,
      availableMinor: 4_610,
    });
    const shown = await world.get(shop.seller, '/sellers/me/balance');
    expect(JSON.stringify(shown.body)).toContain('"rest":7');
    await sold(shop);
    expect(given(shop.seller)).toEqual([4_610, 4_620]);
    expect(await balance(shop, 'KWD')).toEqual({
      ...NOTHING,
      pendingMinor: 4,
      restMinor: 4,
      availableMinor: 9_230,
    });
  });

  it('a full refund takes back the whole transfer and the rest: nothing is left anywhere', async () => {
    const shop = await shopIn('KWD', PRICE);
    const { orderId, transfer } = await sold(shop);
    const { reversals } = await settledRefund(world, shop.buyer, orderId);
    expect(reversals.map((row) => [row.status, row.amountMinor])).toEqual([['reversed', 4_610]]);
    expect(await transferRow(world, transfer.id)).toMatchObject({ status: 'reversed' });
    expect(await balance(shop, 'KWD')).toEqual(NOTHING);
  });

  it('refunds in parts: each reversal is a multiple of ten, and the last leaves nothing', async () => {
    const shop = await shopIn('KWD', PRICE);
    const { orderId, transfer } = await sold(shop);
    // 1.370 of 5.130: the seller's part is 1.233.
    const first = await settledRefund(world, shop.buyer, orderId, { amount: 1_370 });
    expect(first.reversals.map((row) => [row.status, row.amountMinor])).toEqual([['reversed', 1_230]]);
    expect(await balance(shop, 'KWD')).toEqual({
      ...NOTHING,
      pendingMinor: 4,
      restMinor: 4,
      availableMinor: 3_380,
    });
    const last = await settledRefund(world, shop.buyer, orderId);
    expect(last.reversals.map((row) => [row.status, row.amountMinor])).toEqual([['reversed', 3_380]]);
    expect(await transferRow(world, transfer.id)).toMatchObject({ status: 'reversed' });
    expect(await balance(shop, 'KWD')).toEqual(NOTHING);
  });

  it('two orders, both refunded after the second took the first one’s rest along: what is missing is owed, and netted', async () => {
    const shop = await shopIn('KWD', PRICE, 3_000);
    const first = await sold(shop);
    const second = await sold(shop);
    await settledRefund(world, shop.buyer, first.orderId);
    // 4.610 came back and 0.004 were still here: 0.003 went out with the second transfer.
    expect(await balance(shop, 'KWD')).toEqual({ ...NOTHING, availableMinor: 4_620, feesOwedMinor: 3 });
    await settledRefund(world, shop.buyer, second.orderId);
    expect(await balance(shop, 'KWD')).toEqual({
      ...NOTHING,
      pendingMinor: 3,
      restMinor: 3,
      feesOwedMinor: 3,
    });
    expect(await transferRow(world, second.transfer.id)).toMatchObject({ status: 'reversed' });
    await sold(shop, shop.productIds[1]);
    expect(await balance(shop, 'KWD')).toMatchObject({
      availableMinor: 2_700,
      restMinor: 3,
      feesOwedMinor: 3,
    });
  });

  it('a refund before it is sent lowers what is cut', async () => {
    const shop = await shopIn('KWD', PRICE);
    world.stripe.control.setPlatformBalance('kwd', 0);
    const orderId = await paidOrder(world, shop.buyer, [shop.productIds[0]!]);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.waitingFor === 'platform_balance',
    );
    await settledRefund(world, shop.buyer, orderId, { amount: 1_370 });
    world.stripe.control.setPlatformBalance('kwd', null);
    await signal(world, `transfer/${id}`, 'retryNow');
    await world.finished(`transfer/${id}`);
    // 4.617 less 1.233 are 3.384.
    expect(given(shop.seller)).toEqual([3_370]);
    expect(await balance(shop, 'KWD')).toEqual({
      ...NOTHING,
      pendingMinor: 14,
      restMinor: 14,
      availableMinor: 3_370,
    });
  });

  it('a refund while it is on its way is taken back in multiples of ten', async () => {
    const shop = await shopIn('KWD', PRICE);
    onTransfersTo(world, shop.seller.accountId, { kind: 'dropAfter' });
    const orderId = await paidOrder(world, shop.buyer, [shop.productIds[0]!]);
    const { id } = await onlyTransfer(world, orderId);
    await until(
      () => transferRow(world, id),
      (row) => row.retryCount === 1,
    );
    const refundId = await openedRefund(world, shop.buyer, orderId, { amount: 1_370 });
    await world.finished(`refund/${refundId}`);
    await signal(world, `transfer/${id}`, 'retryNow');
    await world.finished(`transfer/${id}`);
    const [reversal] = await world.reversalsOf(refundId);
    expect(await world.finished(`reversal/${reversal!.id}`)).toEqual({ status: 'reversed' });
    expect(reversal!.amountMinor).toBe(1_230);
    expect(await balance(shop, 'KWD')).toEqual({
      ...NOTHING,
      pendingMinor: 4,
      restMinor: 4,
      availableMinor: 3_380,
    });
  });

  it.each([
    ['KWD', 10, 9],
    ['ISK', 100, 90],
    ['UGX', 100, 90],
  ])(
    'a share below the grain (%s) is carried on without a call, and a refund of it takes it back',
    async (currency, price, share) => {
      const shop = await shopIn(currency, price);
      const orderId = await paidOrder(world, shop.buyer, [shop.productIds[0]!]);
      const { id } = await onlyTransfer(world, orderId);
      expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'permanently_failed' });
      expect(await transferRow(world, id)).toMatchObject({ amountMinor: 0, askedAt: null });
      expect(await openFlags(world, 'transfer_gave_up', `transfer/${id}`)).toEqual([]);
      expect(given(shop.seller)).toEqual([]);
      expect(await balance(shop, currency)).toEqual({ ...NOTHING, pendingMinor: share, restMinor: share });
      await settledRefund(world, shop.buyer, orderId);
      expect(await balance(shop, currency)).toEqual(NOTHING);
    },
  );

  it.each([
    ['HUF', 11_150, 10_035, 10_000, 35],
    ['TWD', 11_150, 10_035, 10_000, 35],
    ['UGX', 11_200, 10_000, 10_000, 0],
  ] as const)(
    'a payout in %s is cut to whole units, and the rest stays available',
    async (currency, price, available, paid, left) => {
      const shop = await shopIn(currency, price);
      await sold(shop);
      expect(await balance(shop, currency)).toMatchObject({ availableMinor: available });
      const id = await openedPayout(world, shop.seller, { currency, amount: available });
      expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
      expect(await payoutRow(world, id)).toMatchObject({ amountMinor: paid, retryCount: 0 });
      expect(await balance(shop, currency)).toMatchObject({ availableMinor: left });
      const none = await askPayout(world, shop.seller, { currency });
      expect([none.status, none.body['code']]).toEqual([400, 'nothing_available']);
    },
  );

  describe('what the PSP would refuse is refused before', () => {
    it.each([
      ['KWD', 5_125],
      ['BHD', 1],
      ['ISK', 150],
      ['UGX', 12_345],
    ])('a price in %s of %d: 422, naming the field and the grain', async (currency, amount) => {
      const { seller } = await openShop(world);
      const refused = await world.post(seller, '/marketplace/products', {
        title: 'A beat',
        amount,
        currency,
      });
      expect(refused.status).toBe(422);
      const grain = currency === 'KWD' || currency === 'BHD' ? 10 : 100;
      expect(JSON.stringify(refused.body)).toContain(`multiples of ${grain}`);
      expect(JSON.stringify(refused.body)).toContain('amount');
    });

    it.each([
      ['KWD', 5_130],
      ['UGX', 12_300],
      ['HUF', 10_035],
      ['MGA', 5],
    ])('a price in %s of %d is taken', async (currency, amount) => {
      const { seller } = await openShop(world);
      const made = await world.post(seller, '/marketplace/products', { title: 'A beat', amount, currency });
      expect(made.status).toBe(201);
    });

    it('a refund by an amount off the grain', async () => {
      const shop = await shopIn('KWD', PRICE);
      const { orderId } = await sold(shop);
      const refused = await world.post(shop.buyer, `/marketplace/orders/${orderId}/refund`, {
        amount: 1_234,
      });
      expect(refused.body).toMatchObject({ status: 400, code: 'refund_amount_invalid', grain_amount: 10 });
    });
  });
});
