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
    /** What is to be sent, or was sent; a refund before the first call lowers it. */
    amountMinor: amount().notNull(),
    reversedMinor: amount().notNull().default(0),
    currency: text().notNull(),
    status: text({ enum: TRANSFER_STATUSES }).notNull().default('pending'),
    stripeTransferId: text(),
    /** Committed with the next two before Stripe is called: from then on the amount is frozen. */
    idempotencyKey: text(),
    askedAmountMinor: amount(),
    askedAt: at(),
    retryCount: integer().notNull().default(0),
    nextRetryAt: at(),
    errorMessage: text(),
    /** Why an open transfer stands still without counting attempts: no account yet, not enough balance, key refused. */
    waitingFor: text({ enum: TRANSFER_WAITS }),
    /** An answer was lost, and Stripe's list first showed nothing: it is asked for no more, and looked for once more. */
    missedAt: at(),
    retryOf: uuid().references((): AnyPgColumn => sellerTransfers.id),
    completedAt: at(),
    /** When the sweep last looked whether its workflow runs. */
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
    // Lists by status; of what is usual there is one on every page of the newest.
    index('seller_transfers_by_status')
      .on(t.status, t.createdAt, t.id)
      .where(sql`${t.status} <> 'completed'`),
    index('seller_transfers_open_by_look')
      .on(sql`${t.workCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} IN ('pending', 'failed')`),
    // Never sent, with something left to send: what a person may retry.
    index('seller_transfers_gave_up')
      .on(t.createdAt, t.id)
      .where(sql`${t.status} = 'permanently_failed' AND ${t.completedAt} IS NULL AND ${t.amountMinor} > 0`),
    index('seller_transfers_completed_by_time')
      .on(t.completedAt, t.id)
      .where(sql`${t.completedAt} IS NOT NULL`),
    index('seller_transfers_newest').on(t.createdAt, t.id),
    index('seller_transfers_by_seller').on(t.sellerId),
    // Retries are not in the unique one above: every settlement locks an order's transfers.
    index('seller_transfers_by_order').on(t.orderId),
    // Sent by an older system that did not keep Stripe's id: what the backfill walks.
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
    /** NULL: seen at Stripe, not ours. */
    refundId: uuid().references(() => refunds.id),
    amountMinor: amount().notNull(),
    /** What reversals that are not ours have already taken back of this one. */
    coveredMinor: amount().notNull().default(0),
    /** Of a reversal that is not ours: what no refund has claimed yet, held in `suspense:seller`. */
    suspenseMinor: amount().notNull().default(0),
    status: text({ enum: REVERSAL_STATUSES }).notNull().default('pending'),
    stripeReversalId: text(),
    idempotencyKey: text(),
    askedAt: at(),
    /** Nothing was done under the key, which can do nothing any more: the next attempt takes a new one. */
    needsNewKey: boolean().notNull().default(false),
    retryCount: integer().notNull().default(0),
    nextRetryAt: at(),
    errorMessage: text(),
    /** Why an open reversal stands still without counting attempts: not enough funds, key refused. */
    waitingFor: text({ enum: REVERSAL_WAITS }),
    /** By an operator: the next attempt asks Stripe for nothing, it looks there and ends this. Why is in the audit log. */
    givenUpAt: at(),
    retryOf: uuid().references((): AnyPgColumn => transferReversals.id),
    /** When the sweep last looked whether its workflow runs. */
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
