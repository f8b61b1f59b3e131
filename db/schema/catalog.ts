import { boolean, pgTable, text, uniqueIndex, uuid, index } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { ROLES } from '../../domain/roles.ts';
import { amount, amountCheck, createdAt, currencyCheck, id, oneOf } from './columns.ts';

export const users = pgTable(
  'users',
  {
    id: id(),
    email: text().notNull(),
    role: text({ enum: ROLES }).notNull(),
    isVerified: boolean().notNull().default(false),
    stripeAccountId: text(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
    uniqueIndex('users_stripe_account_key').on(t.stripeAccountId),
    oneOf('users_role_known', t.role, ROLES),
  ],
);

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
  ],
);
