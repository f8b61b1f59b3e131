import { boolean, pgTable, text, uuid, index } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { amount, amountCheck, createdAt, currencyCheck, id } from '../kernel/columns.ts';
import { users } from '../accounts/schema.ts';

export const products = pgTable(
  'products',
  {
    id: id(),
    sellerId: uuid()
      .notNull()
      .references(() => users.id),
    title: text().notNull(),
    priceMinor: amount().notNull(),
    currency: text().notNull(),
    active: boolean().notNull().default(true),
    createdAt: createdAt(),
  },
  (t) => [
    amountCheck('products_price_sane', t.priceMinor, 1),
    currencyCheck('products_currency_iso', t.currency),
    index('products_newest').on(t.createdAt, t.id),
    index('products_by_seller')
      .on(t.sellerId, t.createdAt, t.id)
      .where(sql`${t.active}`),
    index('products_of_seller').on(t.sellerId),
  ],
);
