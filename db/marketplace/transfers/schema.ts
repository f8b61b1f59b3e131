import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  boolean,
  check,
  index,
  integer,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { REVERSAL_STATUSES, REVERSAL_WAITS } from '../../../domain/marketplace/reversal-machine.ts';
import { TRANSFER_STATUSES, TRANSFER_WAITS } from '../../../domain/marketplace/transfer-machine.ts';
import { users } from '../../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../../kernel/columns.ts';
import { orders } from '../orders/schema.ts';
import { refunds } from '../refunds/schema.ts';

export const sellerTransfers = pgTable(
  'seller_transfers',
  {
    id: id(),
    orderId: uuid()
      .notNull()
      .references(() => orders.id),
    sellerId: uuid()
      .notNull()
      .references(() => users.id),
    stripeAccountId: text(),
    /** The amount to send, or sent; a refund before the first call lowers it. */
    amountMinor: amount().notNull(),
    reversedMinor: amount().notNull().default(0),
    currency: text().notNull(),
    status: text({ enum: TRANSFER_STATUSES }).notNull().default('pending'),
    stripeTransferId: text(),
    /** Committed with the next two columns before Stripe is called: from then on the amount is frozen. */
    idempotencyKey: text(),
    askedAmountMinor: amount(),
    askedAt: at(),
    retryCount: integer().notNull().default(0),
    nextRetryAt: at(),
    errorMessage: text(),
    /** Why an open transfer waits without counting attempts: no account yet, not enough balance, key refused. */
    waitingFor: text({ enum: TRANSFER_WAITS }),
    /**
     * When Stripe's list first showed nothing after a lost answer: the transfer is not asked for again, and looked
     * for once more.
     */
    missedAt: at(),
    retryOf: uuid().references((): AnyPgColumn => sellerTransfers.id),
    completedAt: at(),
    /** When the sweep last checked that the workflow runs. */
    workCheckedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('seller_transfers_one_per_seller')
      .on(t.orderId, t.sellerId)
      .where(sql`${t.retryOf} IS NULL`),
    uniqueIndex('seller_transfers_retry_of_key').on(t.retryOf),
    uniqueIndex('seller_transfers_stripe_key')
      .on(t.stripeTransferId)
      .where(sql`${t.stripeTransferId} IS NOT NULL AND ${t.stripeTransferId} <> ''`),
    index('seller_transfers_failed_due')
      .on(t.status, t.nextRetryAt)
      .where(sql`${t.status} = 'failed'`),
    index('seller_transfers_reversal_due')
      .on(t.status, t.nextRetryAt)
      .where(sql`${t.status} = 'reversal_pending'`),
    // For lists by status; common statuses are on every page of the newest anyway.
    index('seller_transfers_by_status')
      .on(t.status, t.createdAt, t.id)
      .where(sql`${t.status} <> 'completed'`),
    index('seller_transfers_open_by_look')
      .on(sql`${t.workCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} IN ('pending', 'failed')`),
    // Never sent, with something left to send: a person may retry these.
    index('seller_transfers_gave_up')
      .on(t.createdAt, t.id)
      .where(sql`${t.status} = 'permanently_failed' AND ${t.completedAt} IS NULL AND ${t.amountMinor} > 0`),
    index('seller_transfers_completed_by_time')
      .on(t.completedAt, t.id)
      .where(sql`${t.completedAt} IS NOT NULL`),
    index('seller_transfers_newest').on(t.createdAt, t.id),
    index('seller_transfers_by_seller').on(t.sellerId),
    // The unique index above lacks retries, and every settlement locks all of an order's transfers.
    index('seller_transfers_by_order').on(t.orderId),
    // For the backfill: sent by an older system that did not keep Stripe's id.
    index('seller_transfers_without_id')
      .on(t.id)
      .where(
        sql`${t.completedAt} IS NOT NULL AND (${t.stripeTransferId} IS NULL OR ${t.stripeTransferId} = '')`,
      ),
    oneOf('seller_transfers_status_known', t.status, TRANSFER_STATUSES),
    oneOf('seller_transfers_waiting_for_known', t.waitingFor, TRANSFER_WAITS),
    amountCheck('seller_transfers_amount_sane', t.amountMinor),
    currencyCheck('seller_transfers_currency_iso', t.currency),
    check('seller_transfers_reversed_within', sql`${t.reversedMinor} BETWEEN 0 AND ${t.amountMinor}`),
    check(
      'seller_transfers_asked_whole',
      sql`(${t.askedAt} IS NULL) = (${t.askedAmountMinor} IS NULL) AND (${t.askedAt} IS NULL OR ${t.idempotencyKey} IS NOT NULL)`,
    ),
    check(
      'seller_transfers_asked_frozen',
      sql`${t.askedAmountMinor} IS NULL OR ${t.askedAmountMinor} = ${t.amountMinor}`,
    ),
    check(
      'seller_transfers_reversal_has_next',
      sql`${t.status} <> 'reversal_pending' OR ${t.nextRetryAt} IS NOT NULL`,
    ),
    check('seller_transfers_failed_has_next', sql`${t.status} <> 'failed' OR ${t.nextRetryAt} IS NOT NULL`),
    check(
      'seller_transfers_sent_has_id',
      sql`${t.status} NOT IN ('completed', 'reversal_pending', 'reversed') OR ${t.completedAt} IS NOT NULL`,
    ),
  ],
);

export const transferReversals = pgTable(
  'transfer_reversals',
  {
    id: id(),
    transferId: uuid()
      .notNull()
      .references(() => sellerTransfers.id),
    /** NULL: a reversal at Stripe that is not ours. */
    refundId: uuid().references(() => refunds.id),
    amountMinor: amount().notNull(),
    /** How much of this reversal others' reversals have already taken back. */
    coveredMinor: amount().notNull().default(0),
    /** For a reversal that is not ours: the part that no refund has claimed yet, held in `suspense:seller`. */
    suspenseMinor: amount().notNull().default(0),
    status: text({ enum: REVERSAL_STATUSES }).notNull().default('pending'),
    stripeReversalId: text(),
    idempotencyKey: text(),
    askedAt: at(),
    /** The key did nothing and can do nothing any more: the next attempt takes a new one. */
    needsNewKey: boolean().notNull().default(false),
    retryCount: integer().notNull().default(0),
    nextRetryAt: at(),
    errorMessage: text(),
    /** Why an open reversal waits without counting attempts: not enough funds, key refused. */
    waitingFor: text({ enum: REVERSAL_WAITS }),
    /**
     * When an operator gave it up: the next attempt only looks at Stripe, and ends the reversal. The audit log has
     * the reason.
     */
    givenUpAt: at(),
    retryOf: uuid().references((): AnyPgColumn => transferReversals.id),
    /** Stripe carried it out at the attempt of its refund's workflow: it has none of its own. */
    doneWithinRefund: boolean().notNull().default(false),
    /** When the sweep last checked that the workflow runs. */
    workCheckedAt: at(),
    createdAt: createdAt(),
    endedAt: at(),
  },
  (t) => [
    uniqueIndex('transfer_reversals_one_per_refund')
      .on(t.transferId, t.refundId)
      .where(sql`${t.retryOf} IS NULL`),
    uniqueIndex('transfer_reversals_retry_of_key').on(t.retryOf),
    uniqueIndex('transfer_reversals_stripe_key')
      .on(t.stripeReversalId)
      .where(sql`${t.stripeReversalId} IS NOT NULL AND ${t.stripeReversalId} <> ''`),
    index('transfer_reversals_due')
      .on(t.nextRetryAt)
      .where(sql`${t.status} = 'pending'`),
    index('transfer_reversals_open_by_look')
      .on(sql`${t.workCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
    index('transfer_reversals_by_status')
      .on(t.status, t.createdAt, t.id)
      .where(sql`${t.status} <> 'reversed'`),
    index('transfer_reversals_reversed_by_time')
      .on(t.endedAt, t.id)
      .where(sql`${t.status} = 'reversed'`),
    index('transfer_reversals_newest').on(t.createdAt, t.id),
    index('transfer_reversals_by_transfer').on(t.transferId),
    index('transfer_reversals_by_refund').on(t.refundId),
    oneOf('transfer_reversals_status_known', t.status, REVERSAL_STATUSES),
    oneOf('transfer_reversals_waiting_for_known', t.waitingFor, REVERSAL_WAITS),
    amountCheck('transfer_reversals_amount_sane', t.amountMinor, 1),
    check('transfer_reversals_covered_within', sql`${t.coveredMinor} BETWEEN 0 AND ${t.amountMinor}`),
    check(
      'transfer_reversals_suspense_only_outside',
      sql`${t.suspenseMinor} = 0 OR (${t.refundId} IS NULL AND ${t.suspenseMinor} BETWEEN 0 AND ${t.amountMinor})`,
    ),
    check('transfer_reversals_open_has_next', sql`${t.status} <> 'pending' OR ${t.nextRetryAt} IS NOT NULL`),
  ],
);

export type Transfer = typeof sellerTransfers.$inferSelect;

export type Reversal = typeof transferReversals.$inferSelect;
