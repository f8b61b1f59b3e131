import { eq, inArray } from 'drizzle-orm';
import { expect, vi } from 'vitest';
import { orderItems } from '../../db/marketplace/orders/schema.ts';
import { refunds } from '../../db/marketplace/refunds/schema.ts';
import { sellerPayouts } from '../../db/payouts/schema.ts';
import { sellerTransfers, transferReversals } from '../../db/marketplace/transfers/schema.ts';
import { makeProduct, openShop, type Seller, type Shop } from '../harness/shop.ts';
import type { World } from '../harness/world.ts';
import type { Books, Leg, Order } from './money.ts';
import { progress } from './money.ts';
import { addTrouble, type Trouble } from './troubles.ts';
import { foretold, seen } from './view.ts';
import { setStripeAccount } from '../../sandbox/seller-account.ts';

/** Two sellers; the prices are such that fees and shares do not divide evenly. */
const PRICES = [
  [10_000, 3_333],
  [999, 5],
] as const;
export const PRODUCTS = PRICES.flatMap((prices, seller) => prices.map((price) => ({ seller, price })));

/** The platform keeps a tenth, rounded half up. */
export const feeOf = (price: number) => Math.floor((price + 5) / 10);

const UNTIL_MS = Number(process.env['MODEL_UNTIL_MS'] ?? 60_000);

/** One life: people and products that no other life knows, and what drives them. */
export class Life {
  readonly world: World;
  readonly shop: Shop;
  /** By product: of the first seller and of the second. */
  readonly products: readonly string[];

  private constructor(world: World, shop: Shop, products: readonly string[]) {
    this.world = world;
    this.shop = shop;
    this.products = products;
  }

  get sellers(): readonly Seller[] {
    return this.shop.sellers;
  }

  static async begin(world: World, connected: readonly boolean[]): Promise<{ life: Life; books: Books }> {
    const shop = await openShop(world, { prices: PRICES.map(([price]) => price) });
    const products: string[] = [];
    for (const [index, seller] of shop.sellers.entries())
      products.push(seller.productId, await makeProduct(world, seller, PRICES[index]![1]));
    for (const [index, seller] of shop.sellers.entries()) {
      if (!connected[index]) await setStripeAccount(world.database.db, seller.id, null);
    }
    world.stripe.control.setEnforceConnectedBalance(true);
    const books: Books = {
      sellers: connected.map((isConnected) => ({
        connected: isConnected,
        gone: false,
        pending: 0,
        net: 0,
        balance: 0,
        writtenOff: 0,
        payouts: [],
        murky: false,
      })),
      orders: [],
      stripeDown: false,
      lenient: false,
      revenue: 0,
      losses: 0,
      paidOutside: 0,
      commands: [],
    };
    return { life: new Life(world, shop, products), books };
  }

  get sellerIds(): string[] {
    return this.sellers.map(({ id }) => id);
  }

  /** Does something in trouble, and waits until the rows show what the model foretells. */
  async within(books: Books, trouble: Trouble, act: () => Promise<void>): Promise<void> {
    const remove = addTrouble(this.world, trouble);
    try {
      await act();
      await this.settle(books, trouble === 'hookLost');
    } finally {
      remove();
    }
  }

  /** Nothing announces that everything has gone on: the rows are read until they show it. */
  async settle(books: Books, redelivering = false): Promise<void> {
    progress(books);
    const wanted = foretold(books, this.sellerIds);
    const orderIds = books.orders.map(({ id }) => id);
    await vi.waitFor(
      async () => {
        await this.world.psp.control.idle();
        if (redelivering) await this.world.psp.control.flush(({ state }) => state === 'lost');
        expect(await seen(this.world, books, orderIds, this.sellerIds)).toEqual(wanted);
      },
      { timeout: UNTIL_MS, interval: 20 },
    );
  }

  /** Every workflow of this life has ended; one that failed is a failure. */
  async ended(books: Books): Promise<void> {
    const { db } = this.world.database;
    const orderIds = books.orders.map(({ id }) => id);
    if (orderIds.length === 0) return;
    for (const id of orderIds) await this.world.finished(`order/${id}`);
    const refundRows = await db.select().from(refunds).where(inArray(refunds.orderId, orderIds));
    for (const { id, kind } of refundRows) {
      if (kind === 'requested' || kind === 'payment_returned') await this.world.finished(`refund/${id}`);
    }
    const transfers = await db
      .select()
      .from(sellerTransfers)
      .where(inArray(sellerTransfers.orderId, orderIds));
    for (const { id } of transfers) await this.world.finished(`transfer/${id}`);
    const reversals = await db
      .select()
      .from(transferReversals)
      .where(
        inArray(
          transferReversals.transferId,
          transfers.map(({ id }) => id),
        ),
      );
    for (const { id, refundId } of reversals)
      if (refundId !== null) await this.world.finished(`reversal/${id}`);
    const payouts = await db
      .select()
      .from(sellerPayouts)
      .where(inArray(sellerPayouts.sellerId, this.sellerIds));
    for (const { id } of payouts) await this.world.finished(`payout/${id}`);
  }

  async itemsOf(orderId: string) {
    return this.world.database.db
      .select()
      .from(orderItems)
      .where(eq(orderItems.orderId, orderId))
      .orderBy(orderItems.position);
  }

  async transferOf(order: Order, leg: Leg) {
    const rows = await this.world.transfersOf(order.id);
    return rows.find((row) => row.sellerId === this.sellerIds[leg.seller])!;
  }

  /** The newest rows of a leg's reversals in this status, of this amount. */
  async reversalOf(order: Order, leg: Leg, status: 'pending' | 'permanently_failed', amount: number) {
    const transfer = await this.transferOf(order, leg);
    const rows = await this.world.database.db
      .select()
      .from(transferReversals)
      .where(eq(transferReversals.transferId, transfer.id));
    const superseded = new Set(rows.map(({ retryOf }) => retryOf));
    return rows.find(
      (row) =>
        row.status === status && row.amountMinor - row.coveredMinor === amount && !superseded.has(row.id),
    )!;
  }
}
