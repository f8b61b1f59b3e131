import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { PAYOUT_STATUSES, PAYOUT_WAITS } from '../../domain/payouts/payout-machine.ts';
import { users } from '../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../kernel/columns.ts';

export const sellerPayouts = pgTable(
  'seller_payouts',
  {
    id: id(),
    sellerId: uuid()
      .notNull()
      .references(() => users.id),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    status: text({ enum: PAYOUT_STATUSES }).notNull().default('pending'),
    /** The connected account that pays out; NULL only on rows older than this column. */
    stripeAccountId: text(),
    /** Stripe's id, from the answer or the webhook, whichever comes first. */
    externalPayoutId: text(),
    /** Committed with the next column before Stripe is called. */
    idempotencyKey: text(),
    askedAt: at(),
    /** The key did nothing and can do nothing any more: the next attempt takes a new one. */
    needsNewKey: boolean().notNull().default(false),
    retryCount: integer().notNull().default(0),
    nextRetryAt: at(),
    errorMessage: text(),
    /** Why an open payout waits without counting attempts: not enough funds, key refused. */
    waitingFor: text({ enum: PAYOUT_WAITS }),
    /**
     * When an operator gave it up: the next attempt only looks at Stripe, and ends the payout. The audit log has the
     * reason.
     */
    givenUpAt: at(),
    /**
     * When Stripe's list first showed nothing after a lost answer: the payout is not asked for again, and looked for
     * once more.
     */
    missedAt: at(),
    /** Where Stripe made something other than we asked for: its id and its amount; NULL in another currency. */
    differingId: text(),
    differingMinor: amount(),
    /** When the sweep last checked that the workflow runs. */
    workCheckedAt: at(),
    createdAt: createdAt(),
    paidAt: at(),
    failedAt: at(),
  },
  (t) => [
    uniqueIndex('seller_payouts_external_key').on(t.externalPayoutId),
    index('seller_payouts_by_seller').on(t.sellerId, t.createdAt, t.id),
    index('seller_payouts_paid_by_time')
      .on(t.paidAt, t.id)
      .where(sql`${t.paidAt} IS NOT NULL`),
    index('seller_payouts_newest').on(t.createdAt, t.id),
    index('seller_payouts_by_status')
      .on(t.status, t.createdAt, t.id)
      .where(sql`${t.status} <> 'paid'`),
    index('seller_payouts_open_by_look')
      .on(sql`${t.workCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
    oneOf('seller_payouts_status_known', t.status, PAYOUT_STATUSES),
    oneOf('seller_payouts_waiting_for_known', t.waitingFor, PAYOUT_WAITS),
    amountCheck('seller_payouts_amount_sane', t.amountMinor, 1),
    currencyCheck('seller_payouts_currency_iso', t.currency),
    check('seller_payouts_asked_whole', sql`${t.askedAt} IS NULL OR ${t.idempotencyKey} IS NOT NULL`),
  ],
);

export type Payout = typeof sellerPayouts.$inferSelect;
