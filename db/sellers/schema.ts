import { boolean, check, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { at, createdAt, id } from '../kernel/columns.ts';
import { users } from '../accounts/schema.ts';

/** A seller's account at Stripe: how it is made, once, what Stripe says of it, and the last link to Stripe's forms. */
export const sellerAccounts = pgTable(
  'seller_accounts',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id),
    /** NULL until Stripe has made it, and again once it is gone and another is to take its place. */
    stripeAccountId: text(),
    /** What Stripe last reported of the account; NULL: nothing yet. */
    transfersEnabled: boolean(),
    payoutsEnabled: boolean(),
    /** The country as Stripe was asked: a key stands for one set of parameters. */
    country: text(),
    /** Committed with the next column before Stripe is called; `askedAt` is NULL again after a refusal. */
    idempotencyKey: text(),
    askedAt: at(),
    /**
     * The link works once, for some minutes. It is kept here and not in histories, since anybody who has it can fill
     * in the forms.
     */
    linkUrl: text(),
    linkExpiresAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('seller_accounts_stripe_account_key').on(t.stripeAccountId),
    check('seller_accounts_asked_whole', sql`${t.askedAt} IS NULL OR ${t.idempotencyKey} IS NOT NULL`),
    check('seller_accounts_country_iso', sql`${t.country} ~ '^[A-Z]{2}$'`),
  ],
);

/** Where Stripe's forms send a seller who waits for a link; the addresses may hold private data. */
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
