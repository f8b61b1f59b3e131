import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  boolean,
  check,
  index,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  REFUND_EXISTS_BY,
  REFUND_KINDS,
  REFUND_STATUSES,
} from '../../../domain/marketplace/refund-machine.ts';
import { users } from '../../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../../kernel/columns.ts';
import { orderItems, orders } from '../orders/schema.ts';
import { disputes } from '../disputes/schema.ts';

export const refunds = pgTable(
  'refunds',
  {
    id: id(),
    /** What it is of: one of these. */
    orderId: uuid().references(() => orders.id),
    invoiceId: uuid(),
    /**
     * The PSP's payment that it gives back, where that is not the one that the invoice took: money that came twice or
     * late goes back on its own.
     */
    paymentId: text(),
    kind: text({ enum: REFUND_KINDS }).notNull().default('requested'),
    amountMinor: amount().notNull(),
    currency: text().notNull(),
    reason: text(),
    requestedBy: uuid().references(() => users.id),
    /** Whether items were named: those give their licences back. An amount alone names none. */
    byItems: boolean().notNull().default(false),
    /** Of an invoice: what it paid for ends with the refund's success, though it is only a part. */
    endsAccess: boolean().notNull().default(false),
    /** The part beyond the captured amount: no item bears it, and it is posted to the platform's losses. */
    excessMinor: amount().notNull().default(0),
    status: text({ enum: REFUND_STATUSES }).notNull().default('pending'),
    /** The PSP's id of the refund; NULL until phase 2 knows that the PSP has it. */
    hyperswitchRefundId: text(),
    /** When a call went out that may have made the refund at the PSP; NULL where none did, or each was refused. */
    askedAt: at(),
    /**
     * The code by which the PSP refused to make the refund because it has it already: HE_01, or an IR_13 that nothing
     * else explains.
     */
    existsBy: text({ enum: REFUND_EXISTS_BY }),
    /**
     * When an operator stopped the asking, after a look that did not find the refund at the PSP; another such look
     * fails it.
     */
    givenUpAt: at(),
    /**
     * For kind `dispute`: the dispute whose loss this is. A dispute that turns has several refunds; those that stand
     * count.
     */
    disputeId: uuid().references((): AnyPgColumn => disputes.id),
    errorMessage: text(),
    succeededAt: at(),
    failedAt: at(),
    /**
     * When the PSP last changed the refund, by its clock, from the latest report that ended it; NULL where it did not
     * say.
     */
    providerUpdatedAt: at(),
    reconcileCheckedAt: at(),
    /** When the sweep first found that the PSP has no such refund and no workflow asks for it. */
    orphanMissedAt: at(),
    /** When the sweep last checked that the workflow runs. */
    workCheckedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('refunds_provider_key').on(t.hyperswitchRefundId),
    uniqueIndex('refunds_one_open_per_order')
      .on(t.orderId)
      .where(sql`${t.status} = 'pending'`),
    uniqueIndex('refunds_one_open_per_invoice')
      .on(t.invoiceId)
      .where(sql`${t.status} = 'pending' AND ${t.paymentId} IS NULL`),
    uniqueIndex('refunds_one_open_per_payment')
      .on(t.paymentId)
      .where(sql`${t.status} = 'pending' AND ${t.paymentId} IS NOT NULL`),
    index('refunds_by_requester')
      .on(t.requestedBy)
      .where(sql`${t.requestedBy} IS NOT NULL`),
    index('refunds_by_invoice')
      .on(t.invoiceId, t.createdAt, t.id)
      .where(sql`${t.invoiceId} IS NOT NULL`),
    check('refunds_of_one_purchase', sql`num_nonnulls(${t.orderId}, ${t.invoiceId}) = 1`),
    check('refunds_other_payment_of_invoice', sql`${t.paymentId} IS NULL OR ${t.invoiceId} IS NOT NULL`),
    index('refunds_succeeded_by_time')
      .on(t.succeededAt, t.id)
      .where(sql`${t.succeededAt} IS NOT NULL`),
    index('refunds_by_order').on(t.orderId, t.createdAt, t.id),
    index('refunds_by_dispute')
      .on(t.disputeId)
      .where(sql`${t.disputeId} IS NOT NULL`),
    // Refunds of a period, for success rates.
    index('refunds_by_time').on(t.createdAt),
    index('refunds_pending_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
    index('refunds_open_by_look')
      .on(sql`${t.workCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
    oneOf('refunds_status_known', t.status, REFUND_STATUSES),
    oneOf('refunds_kind_known', t.kind, REFUND_KINDS),
    oneOf('refunds_exists_by_known', t.existsBy, REFUND_EXISTS_BY),
    amountCheck('refunds_amount_sane', t.amountMinor, 1),
    check('refunds_excess_within_amount', sql`${t.excessMinor} BETWEEN 0 AND ${t.amountMinor}`),
    currencyCheck('refunds_currency_iso', t.currency),
  ],
);

/**
 * Where a seller's share of a refund was taken from when it was settled:
 * - `withheld`: from what the transfer still had to send; it sends that much less
 * - `in_flight`: from `pending`, while Stripe was already asked for the whole; the completing transfer reverses it
 * - `available`: the transfer had gone out; a reversal takes the share back
 */
export const SELLER_SOURCES = ['withheld', 'in_flight', 'available'] as const;
export type SellerSource = (typeof SELLER_SOURCES)[number];

export const refundAllocations = pgTable(
  'refund_allocations',
  {
    refundId: uuid()
      .notNull()
      .references(() => refunds.id),
    orderItemId: uuid()
      .notNull()
      .references(() => orderItems.id),
    sellerMinor: amount().notNull(),
    feeMinor: amount().notNull(),
    /** Part of the seller's share that their transfer could not bear, because the platform keeps its fee. */
    feesOwedMinor: amount().notNull().default(0),
    /** The part of `feesOwedMinor` that later transfers have netted. */
    feesNettedMinor: amount().notNull().default(0),
    /** Part of the seller's share that the completing transfer still has to take back (`in_flight`); 0 once it has. */
    inFlightMinor: amount().notNull().default(0),
    /** Part of the seller's share that the platform bore, since the share had been written off. */
    writtenOffMinor: amount().notNull().default(0),
    /** NULL until the refund is settled. */
    sellerSource: text({ enum: SELLER_SOURCES }),
  },
  (t) => [
    primaryKey({ columns: [t.refundId, t.orderItemId] }),
    index('refund_allocations_by_item').on(t.orderItemId),
    amountCheck('refund_allocations_seller_sane', t.sellerMinor),
    amountCheck('refund_allocations_fee_sane', t.feeMinor),
    check(
      'refund_allocations_fees_within',
      sql`${t.feesOwedMinor} BETWEEN 0 AND ${t.sellerMinor} AND ${t.feesNettedMinor} BETWEEN 0 AND ${t.feesOwedMinor}`,
    ),
    check('refund_allocations_written_off_within', sql`${t.writtenOffMinor} BETWEEN 0 AND ${t.sellerMinor}`),
    index('refund_allocations_fees_owed')
      .on(t.orderItemId)
      .where(sql`${t.feesNettedMinor} < ${t.feesOwedMinor}`),
    oneOf('refund_allocations_source_known', t.sellerSource, SELLER_SOURCES),
  ],
);

export type Refund = typeof refunds.$inferSelect;
export type RefundOfOrder = Refund & { readonly orderId: string };

/** Whether an order is what it is of. */
export const isOfOrder = (refund: Refund): refund is RefundOfOrder => refund.orderId !== null;
