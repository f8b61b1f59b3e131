import { v7 as uuidv7 } from 'uuid';
import { beforeAll, expect, test } from 'vitest';
import type { Database } from '../../db/client.ts';
import { openOrder } from '../../db/marketplace/orders/open-order.ts';
import { orders } from '../../db/marketplace/orders/schema.ts';
import { MAX_AMOUNT_MINOR } from '../../domain/kernel/money.ts';
import { addProduct, addUser } from '../harness/api.ts';
import { ownDatabase } from '../marketplace/verbs.ts';

// An amount is exact up to 2^53 - 1, and so is a sum. What would carry one beyond is refused before it is money.

let database: Awaited<ReturnType<typeof ownDatabase>>;
beforeAll(async () => {
  database = await ownDatabase();
});

async function order(db: Database['db'], priceMinor: number, currency: string, items = 1) {
  const productIds = [];
  for (let count = 0; count < items; count += 1) {
    const sellerId = await addUser(database, 'artist');
    productIds.push(await addProduct(database, sellerId, { priceMinor, currency }));
  }
  const request = { orderId: uuidv7(), ask: { buyerId: await addUser(database), productIds } };
  const terms = { platformFeeBps: 1000, openOrdersMax: 20 };
  const opened = await openOrder(db, request, terms);
  return 'refused' in opened ? opened.refused.code : 'opened';
}

test('one order whose items come to more is refused', async () => {
  expect(await order(database.db, MAX_AMOUNT_MINOR, 'USD', 2)).toBe('amount_too_large');
});

test('an order that brings the sum of all orders above it is refused, whoever sells; each currency has its own sum', async () => {
  expect(await order(database.db, MAX_AMOUNT_MINOR, 'EUR')).toBe('opened');
  expect(await order(database.db, MAX_AMOUNT_MINOR, 'EUR')).toBe('amount_too_large');
  expect(await order(database.db, 1_000_000_001, 'EUR')).toBe('amount_too_large');
  expect(await order(database.db, 2_500, 'EUR')).toBe('opened');
  expect(await order(database.db, MAX_AMOUNT_MINOR, 'GBP')).toBe('opened');
});

test('of ten at once, as many are opened as can be counted', async () => {
  const third = Math.floor(MAX_AMOUNT_MINOR / 3);
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => order(database.db, third, 'CHF')));
  expect(outcomes.filter((outcome) => outcome === 'opened')).toHaveLength(3);
  const open = await database.db.select({ minor: orders.totalMinor }).from(orders);
  expect(open.every(({ minor }) => Number.isSafeInteger(minor))).toBe(true);
});
