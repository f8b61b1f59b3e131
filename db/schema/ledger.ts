import { sql } from 'drizzle-orm';
import { bigint, check, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { PAYOUT_STATUSES } from '../../domain/machines/payout.ts';
import { users } from './catalog.ts';
import { amount, amountCheck, createdAt, currencyCheck, id, oneOf } from './columns.ts';
import { orders } from './orders.ts';
import { refunds } from './refunds.ts';
import { sellerTransfers } from './transfers.ts';

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
  },
  (t) => [
    primaryKey({ columns: [t.sellerId, t.currency] }),
    currencyCheck('seller_balances_currency_iso', t.currency),
    amountCheck('seller_balances_pending_sane', t.pendingMinor),
    amountCheck('seller_balances_available_sane', t.availableMinor),
    amountCheck('seller_balances_paying_out_sane', t.payingOutMinor),
    amountCheck('seller_balances_owed_sane', t.owedMinor),
    amountCheck('seller_balances_fees_owed_sane', t.feesOwedMinor),
  ],
);

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
    externalPayoutId: text(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('seller_payouts_external_key').on(t.externalPayoutId),
    index('seller_payouts_by_seller').on(t.sellerId, t.createdAt),
    oneOf('seller_payouts_status_known', t.status, PAYOUT_STATUSES),
    amountCheck('seller_payouts_amount_sane', t.amountMinor, 1),
    currencyCheck('seller_payouts_currency_iso', t.currency),
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
    createdAt: createdAt(),
  },
  (t) => [
    index('ledger_entries_by_transaction').on(t.transactionId),
    index('ledger_entries_by_account').on(t.account, t.currency),
    index('ledger_entries_by_order').on(t.orderId),
    currencyCheck('ledger_entries_currency_iso', t.currency),
    check('ledger_entries_moves_something', sql`${t.amountMinor} <> 0`),
  ],
);
