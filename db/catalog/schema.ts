import { boolean, check, pgTable, text, uniqueIndex, uuid, index } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { ROLES } from '../../domain/accounts/roles.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../kernel/columns.ts';

export const users = pgTable(
  'users',
  {
    id: id(),
    email: text().notNull(),
    role: text({ enum: ROLES }).notNull(),
    isVerified: boolean().notNull().default(false),
    stripeAccountId: text(),
    /** What Stripe last said of the account; NULL: it has not said anything yet. */
    stripeTransfersEnabled: boolean(),
    stripePayoutsEnabled: boolean(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
    uniqueIndex('users_stripe_account_key').on(t.stripeAccountId),
    oneOf('users_role_known', t.role, ROLES),
  ],
);

/** How a seller's connected account is made at Stripe, once, and the last link to Stripe's forms. */
export const sellerOnboardings = pgTable(
  'seller_onboardings',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id),
    /** As it was asked of Stripe: a key stands for one set of parameters. */
    country: text(),
    /** Committed with the next before Stripe is called; `askedAt` is NULL again once Stripe refused. */
    idempotencyKey: text(),
    askedAt: at(),
    /** Good once, for some minutes; here and not in histories, since whoever has it can fill in the forms. */
    linkUrl: text(),
    linkExpiresAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    check('seller_onboardings_asked_whole', sql`${t.askedAt} IS NULL OR ${t.idempotencyKey} IS NOT NULL`),
    check('seller_onboardings_country_iso', sql`${t.country} ~ '^[A-Z]{2}$'`),
  ],
);

/** Where Stripe's forms send a seller who waits for a link; addresses may hold what is the seller's alone. */
export const accountLinkAsks = pgTable(
  'account_link_asks',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    returnUrl: text().notNull(),
    refreshUrl: text().notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('account_link_asks_by_user').on(t.userId, t.createdAt)],
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
    index('products_by_seller')
      .on(t.sellerId, t.createdAt, t.id)
      .where(sql`${t.active}`),
  ],
);
