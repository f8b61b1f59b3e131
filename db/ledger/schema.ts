import { sql } from 'drizzle-orm';
import { bigint, check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { users } from '../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck } from '../kernel/columns.ts';
import { orders } from '../marketplace/orders/schema.ts';
import { refunds } from '../marketplace/refunds/schema.ts';
import { sellerTransfers } from '../marketplace/transfers/schema.ts';
import { sellerPayouts } from '../payouts/schema.ts';

export const sellerBalances = pgTable(
  'seller_balances',
  {
    sellerId: uuid()
      .notNull()
      .references(() => users.id),
    currency: text().notNull(),
    pendingMinor: amount().notNull().default(0),
    availableMinor: amount().notNull().default(0),
    payingOutMinor: amount().notNull().default(0),
    owedMinor: amount().notNull().default(0),
    feesOwedMinor: amount().notNull().default(0),
    /** Of what is pending: less than Stripe sends in this currency. No transfer stands for it; the next one takes it along. */
    restMinor: amount().notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.sellerId, t.currency] }),
    currencyCheck('seller_balances_currency_iso', t.currency),
    amountCheck('seller_balances_pending_sane', t.pendingMinor),
    amountCheck('seller_balances_available_sane', t.availableMinor),
    amountCheck('seller_balances_paying_out_sane', t.payingOutMinor),
    amountCheck('seller_balances_owed_sane', t.owedMinor),
    amountCheck('seller_balances_fees_owed_sane', t.feesOwedMinor),
    amountCheck('seller_balances_rest_sane', t.restMinor),
  ],
);

/** Append-only: a trigger of the first migration refuses UPDATE and DELETE. */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    transactionId: uuid().notNull(),
    account: text().notNull(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    kind: text().notNull(),
    orderId: uuid().references(() => orders.id),
    refundId: uuid().references(() => refunds.id),
    transferId: uuid().references(() => sellerTransfers.id),
    payoutId: uuid().references(() => sellerPayouts.id),
    createdAt: createdAt(),
  },
  (t) => [
    index('ledger_entries_by_transaction').on(t.transactionId),
    // An account over time: a seller's statement, and what its balance was before.
    index('ledger_entries_by_account').on(t.account, t.createdAt, t.id),
    index('ledger_entries_by_order').on(t.orderId),
    index('ledger_entries_by_payout')
      .on(t.payoutId)
      .where(sql`${t.payoutId} IS NOT NULL`),
    currencyCheck('ledger_entries_currency_iso', t.currency),
    check('ledger_entries_moves_something', sql`${t.amountMinor} <> 0`),
  ],
);

const change = () => bigint({ mode: 'number' }).notNull().default(0);

/**
 * A posting as far as it touches a seller, with what it changed and the balances after it, each with the sign that its
 * balance has. A trigger on `ledger_entries` keeps it, so that no writer can forget it; the ledger stays what is true, and
 * the audit holds the two together. Read by statements, in the order of the key of time.
 */
export const sellerPostings = pgTable(
  'seller_postings',
  {
    sellerId: uuid().notNull(),
    currency: text().notNull(),
    /** Of its entries. */
    createdAt: at().notNull(),
    /** The first of its entries for this seller: postings of one database transaction share their time. */
    firstEntryId: bigint({ mode: 'number' }).notNull(),
    transactionId: uuid().notNull(),
    pendingChange: change(),
    availableChange: change(),
    payingOutChange: change(),
    owedChange: change(),
    feesOwedChange: change(),
    connectedChange: change(),
    pendingMinor: change(),
    availableMinor: change(),
    payingOutMinor: change(),
    owedMinor: change(),
    feesOwedMinor: change(),
    connectedMinor: change(),
  },
  (t) => [
    primaryKey({ columns: [t.sellerId, t.createdAt, t.firstEntryId] }),
    index('seller_postings_by_currency').on(t.sellerId, t.currency, t.createdAt, t.firstEntryId),
    index('seller_postings_by_transaction').on(t.transactionId, t.sellerId),
  ],
);
