import { and, eq, inArray } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { KeptAsk } from '../../../domain/kernel/index.ts';
import type { Refusal } from '../../../domain/errors.ts';
import { platformFeeMinor } from '../../../domain/kernel/index.ts';
import type { AskedOrder } from '../../../domain/marketplace/messages.ts';
import { quote, tooManyOpen } from '../../../domain/marketplace/quote.ts';
import type { Db, Tx } from '../../client.ts';
import { type Order, orderItems, orders } from './schema.ts';
import { countOpenOrders } from './open-orders.ts';
import { idempotencyKeys, isBeyondCounting, refuseAsk, takeAsk } from '../../kernel/index.ts';
import { products } from '../../catalog/index.ts';
import { users } from '../../accounts/index.ts';

export type OpenOrderResult =
  | { readonly refused: Refusal }
  | { readonly order: Order; readonly bodyHash: string | null };

export interface OrderTerms {
  readonly platformFeeBps: number;
  /** The most pending orders of one buyer. */
  readonly openOrdersMax: number;
}

export interface OrderToOpen {
  readonly orderId: string;
  /** The kept ask; absent where it was opened before, or nobody asked. */
  readonly ask?: KeptAsk<AskedOrder> | undefined;
}

/** Writes an order `pending` with its items, fees and payment id, or finds the one that an earlier attempt wrote. */
export async function openOrder(
  db: Db,
  request: OrderToOpen,
  { platformFeeBps, openOrdersMax }: OrderTerms,
): Promise<OpenOrderResult> {
  return db.transaction(async (tx) => {
    if (request.ask?.refused) return { refused: request.ask.refused };
    if (request.ask !== undefined) await takeAsk(tx, request.orderId);
    const [existing] = await tx.select().from(orders).where(eq(orders.id, request.orderId));
    if (existing) return { order: existing, bodyHash: await storedBodyHash(tx, request) };
    if (request.ask === undefined) {
      return {
        refused: { code: 'order_not_found', detail: `Nobody asked for an order ${request.orderId}.` },
      };
    }
    const { buyerId } = request.ask;
    const refuse = (refusal: Refusal) =>
      refuseAsk(tx, request.orderId, { kind: 'order', ...request.ask }, refusal);
    await lockBuyer(tx, buyerId);
    const refused = tooManyOpen(await countOpenOrders(tx, buyerId), openOrdersMax);
    if (refused) return refuse(refused);
    const wanted = await readProducts(tx, request.ask.productIds);
    if ('refused' in wanted) return refuse(wanted.refused);
    if (await isBeyondCounting(tx, wanted)) {
      const detail = 'With the orders that are open, sums in this currency could not be counted exactly.';
      return refuse({ code: 'amount_too_large', detail });
    }
    const items = wanted.items.map((product, position) => ({
      id: uuidv7(),
      orderId: request.orderId,
      position,
      productId: product.id,
      sellerId: product.sellerId,
      amountMinor: product.priceMinor,
      platformFeeMinor: platformFeeMinor(product.priceMinor, platformFeeBps),
    }));
    const [order] = await tx
      .insert(orders)
      .values({
        id: request.orderId,
        buyerId,
        totalMinor: wanted.totalMinor,
        currency: wanted.currency,
        paymentId: request.orderId,
      })
      .returning();
    if (order === undefined) throw new Error(`order ${request.orderId} was not inserted`);
    await tx.insert(orderItems).values(items);
    const { idempotency } = request.ask;
    if (idempotency)
      await tx.insert(idempotencyKeys).values({ ...idempotency, answer: { orderId: order.id } });
    return { order, bodyHash: idempotency?.bodyHash ?? null };
  });
}

/** A lock, so that the second of two orders at once counts the first. */
async function lockBuyer(tx: Tx, buyerId: string): Promise<void> {
  await tx.select({ id: users.id }).from(users).where(eq(users.id, buyerId)).for('no key update');
}

async function readProducts(tx: Tx, productIds: readonly string[]) {
  // FOR SHARE: the price that is charged is the price that stood when the order was written.
  const rows = await tx
    .select()
    .from(products)
    .where(inArray(products.id, [...productIds]))
    .for('share');
  return quote(productIds, rows);
}

async function storedBodyHash(tx: Tx, { ask }: OrderToOpen): Promise<string | null> {
  if (!ask?.idempotency) return null;
  const { scope, key } = ask.idempotency;
  const [stored] = await tx
    .select({ bodyHash: idempotencyKeys.bodyHash })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key)));
  return stored?.bodyHash ?? null;
}
