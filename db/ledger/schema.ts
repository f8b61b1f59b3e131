import { sql } from 'drizzle-orm';
import { bigint, check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { LEDGER_SUBJECTS, POSTING_KINDS } from '../../domain/postings.ts';
import { users } from '../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, oneOf } from '../kernel/columns.ts';

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
    /**
     * The part of `pending` that is less than Stripe sends in this currency. No transfer stands for it; the next one
     * takes it along.
     */
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
    kind: text({ enum: POSTING_KINDS }).notNull(),
    createdAt: createdAt(),
    /** What moved. No foreign key, since the ledger stands below whatever moves: the check of the books looks that it is there. */
    ofKind: text({ enum: LEDGER_SUBJECTS }).notNull(),
    ofId: uuid().notNull(),
    /** The order or payout in whose story that stands; often itself. All readings begin here. */
    rootKind: text({ enum: LEDGER_SUBJECTS }).notNull(),
    rootId: uuid().notNull(),
  },
  (t) => [
    index('ledger_entries_by_transaction').on(t.transactionId),
    // An account over time: for a seller statement and the balance before it.
    index('ledger_entries_by_account').on(t.account, t.createdAt, t.id),
    index('ledger_entries_by_root').on(t.rootId),
    currencyCheck('ledger_entries_currency_iso', t.currency),
    oneOf('ledger_entries_kind_known', t.kind, POSTING_KINDS),
    oneOf('ledger_entries_of_kind_known', t.ofKind, LEDGER_SUBJECTS),
    oneOf('ledger_entries_root_kind_known', t.rootKind, LEDGER_SUBJECTS),
    check('ledger_entries_moves_something', sql`${t.amountMinor} <> 0`),
  ],
);

const change = () => bigint({ mode: 'number' }).notNull().default(0);

/**
 * A posting as far as it touches a seller: its changes and the balances after it, each with its balance's sign. A
 * trigger on `ledger_entries` writes it, so that no code can forget it. The ledger stays the truth, and the check of the books
 * compares the two. Seller statements read these rows in the order of time.
 */
export const sellerPostings = pgTable(
  'seller_postings',
  {
    sellerId: uuid().notNull(),
    currency: text().notNull(),
    /** Of its entries. */
    createdAt: at().notNull(),
    /**
     * The first of its entries for this seller; it orders postings of one database transaction, which share their
     * time.
     */
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
