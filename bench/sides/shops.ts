import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { users } from '../../db/accounts/schema.ts';
import { products } from '../../db/catalog/schema.ts';
import type { Db } from '../../db/client.ts';
import { sellerAccounts } from '../../db/sellers/schema.ts';
import { makeToken } from '../../ops/sign-token.ts';
import type { DatabaseWithSql } from '../../sandbox/database.ts';
import { SECRETS } from '../stack.ts';

/** A buyer, and a seller with one product and a Stripe account. */
export interface Shop {
  readonly buyerToken: string;
  readonly productId: string;
}

const PRICE_MINOR = 10_000;
const TOKEN_TTL_MS = 24 * 60 * 60 * 1_000;
const LOOK_EVERY_MS = 50;
const SELL_WITHIN_MS = 60_000;

export async function openShops(db: Db, count: number): Promise<readonly Shop[]> {
  const signing = { identity: 'own', signer: SECRETS.JWT_SECRET, issuer: 'veza', audience: 'veza' } as const;
  const shops: Shop[] = [];
  for (let number = 0; number < count; number += 1) {
    const [buyerId, sellerId, productId] = [uuidv7(), uuidv7(), uuidv7()];
    const stripeAccountId = `acct_bench${String(number).padStart(6, '0')}`;
    await db.insert(users).values([
      { id: buyerId, email: `${buyerId}@bench.veza.example`, role: 'user', isVerified: true },
      { id: sellerId, email: `${sellerId}@bench.veza.example`, role: 'artist', isVerified: true },
    ]);
    await db.insert(sellerAccounts).values({ userId: sellerId, stripeAccountId });
    await db
      .insert(products)
      .values({ id: productId, sellerId, title: 'A beat', priceMinor: PRICE_MINOR, currency: 'EUR' });
    const buyerToken = await makeToken(db, signing, { userId: buyerId, role: 'user' }, TOKEN_TTL_MS);
    shops.push({ buyerToken, productId });
  }
  return shops;
}

/** Buys through the API and waits until the seller has the money. Returns the order's id. */
export async function sellOne(apiUrl: string, { sql }: DatabaseWithSql, shop: Shop): Promise<string> {
  const order = await placeOrder(apiUrl, shop);
  for (const untilMs = Date.now() + SELL_WITHIN_MS; Date.now() < untilMs; await sleep(LOOK_EVERY_MS)) {
    const sent = await sql`
      SELECT 1 FROM seller_transfers WHERE order_id = ${order} AND status = 'completed'`;
    if (sent.length > 0) return order;
  }
  throw new Error(`the share of order ${order} was not sent`);
}

/** Asks again under the same key while the API says that the worker is not there yet, which may still be starting. */
async function placeOrder(apiUrl: string, { buyerToken, productId }: Shop): Promise<string> {
  for (const untilMs = Date.now() + SELL_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const answer = await fetch(`${apiUrl}/api/v1/marketplace/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${buyerToken}`,
        'content-type': 'application/json',
        'idempotency-key': productId,
      },
      body: JSON.stringify({ items: [{ product_id: productId }] }),
    });
    const text = await answer.text();
    // 202: the PSP has not answered yet.
    if (answer.status === 201 || answer.status === 202) {
      const { order } = JSON.parse(text) as { order: { id: string } };
      return order.id;
    }
    if (answer.status !== 503 || Date.now() > untilMs)
      throw new Error(`an order was answered ${answer.status}: ${text}`);
  }
}
