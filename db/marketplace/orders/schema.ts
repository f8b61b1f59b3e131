import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { ORDER_STATUSES } from '../../../domain/marketplace/order-machine.ts';
import { products } from '../../catalog/schema.ts';
import { users } from '../../accounts/schema.ts';
import { amount, amountCheck, at, createdAt, currencyCheck, id, oneOf } from '../../kernel/columns.ts';

export const orders = pgTable(
  'orders',
  {
    id: id(),
    buyerId: uuid()
      .notNull()
      .references(() => users.id),
    totalMinor: amount().notNull(),
    /** What the PSP reported as received, and in which currency; set once, with the posting of the money. */
    capturedMinor: amount(),
    capturedCurrency: text(),
    refundedMinor: amount().notNull().default(0),
    currency: text().notNull(),
    status: text({ enum: ORDER_STATUSES }).notNull().default('pending'),
    /** Our id of the payment, written with the order and also used at the PSP. */
    paymentId: text(),
    /** The PSP's secret for the buyer's browser; NULL until the PSP has answered. */
    paymentClientSecret: text(),
    /** The payment's last status as the PSP reported it; for people and for GET, never for decisions. */
    paymentStatus: text(),
    /** The charge behind the payment at the connector, which ties transfers to it. */
    connectorTransactionId: text(),
    refundDeadline: at(),
    completedAt: at(),
    failureReason: text(),
    /** For a failed order whose payment was not known to be dead: until when the sweep reads it at the PSP. */
    paymentWatchedUntil: at(),
    reconcileCheckedAt: at(),
    /** When the sweep last checked that the workflow runs. */
    workCheckedAt: at(),
    /** When the sweep last looked at the PSP for what others did to its payment. */
    outsideCheckedAt: at(),
    /** The payment is too old for such a look. */
    outsideOver: boolean().notNull().default(false),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('orders_payment_key').on(t.paymentId),
    oneOf('orders_status_known', t.status, ORDER_STATUSES),
    amountCheck('orders_total_sane', t.totalMinor, 1),
    currencyCheck('orders_currency_iso', t.currency),
    check(
      'orders_refunded_within_captured',
      sql`${t.refundedMinor} >= 0 AND ${t.refundedMinor} <= coalesce(${t.capturedMinor}, 0)`,
    ),
    check(
      'orders_captured_with_currency',
      sql`(${t.capturedMinor} IS NULL) = (${t.capturedCurrency} IS NULL)`,
    ),
    check(
      'orders_completed_is_captured',
      sql`${t.status} IN ('pending', 'failed') OR ${t.capturedMinor} IS NOT NULL`,
    ),
    check(
      'orders_watched_took_nothing',
      sql`${t.paymentWatchedUntil} IS NULL OR (${t.status} = 'failed' AND ${t.capturedMinor} IS NULL)`,
    ),
    // For settlement files: by the connector's id, and by the time when the money came.
    index('orders_by_connector_transaction')
      .on(t.connectorTransactionId)
      .where(sql`${t.connectorTransactionId} IS NOT NULL`),
    index('orders_captured_by_time')
      .on(sql`coalesce(${t.completedAt}, ${t.createdAt})`, t.id)
      .where(sql`${t.capturedMinor} IS NOT NULL`),
    // Payments that others may still change: those looked at longest ago, and those too old for a look.
    index('orders_settled_by_look')
      .on(sql`coalesce(${t.outsideCheckedAt}, ${t.completedAt}, ${t.createdAt}) NULLS FIRST`, t.createdAt)
      .where(sql`${t.capturedMinor} IS NOT NULL AND NOT ${t.outsideOver}`),
    index('orders_settled_by_time')
      .on(sql`coalesce(${t.completedAt}, ${t.createdAt})`)
      .where(sql`${t.capturedMinor} IS NOT NULL AND NOT ${t.outsideOver}`),
    index('orders_by_buyer').on(t.buyerId, t.createdAt, t.id),
    // Counts a buyer's open orders quickly, even among many old ones.
    index('orders_open_by_buyer')
      .on(t.buyerId)
      .where(sql`${t.status} = 'pending'`),
    index('orders_newest').on(t.createdAt, t.id),
    index('orders_pending_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
    index('orders_watched_by_look')
      .on(sql`${t.reconcileCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.paymentWatchedUntil} IS NOT NULL`),
    index('orders_open_by_look')
      .on(sql`${t.workCheckedAt} NULLS FIRST`, t.createdAt)
      .where(sql`${t.status} = 'pending'`),
  ],
);

export const orderItems = pgTable(
  'order_items',
  {
    id: id(),
    orderId: uuid()
      .notNull()
      .references(() => orders.id),
    /** The place of the item on the order, from 0. */
    position: integer().notNull(),
    productId: uuid()
      .notNull()
      .references(() => products.id),
    sellerId: uuid()
      .notNull()
      .references(() => users.id),
    amountMinor: amount().notNull(),
    platformFeeMinor: amount().notNull(),
  },
  (t) => [
    uniqueIndex('order_items_position_key').on(t.orderId, t.position),
    index('order_items_by_seller').on(t.sellerId),
    amountCheck('order_items_amount_sane', t.amountMinor, 1),
    check('order_items_fee_within_amount', sql`${t.platformFeeMinor} BETWEEN 0 AND ${t.amountMinor}`),
  ],
);

export const licenses = pgTable(
  'licenses',
  {
    id: id(),
    orderItemId: uuid()
      .notNull()
      .references(() => orderItems.id),
    buyerId: uuid()
      .notNull()
      .references(() => users.id),
    productId: uuid()
      .notNull()
      .references(() => products.id),
    revokedAt: at(),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('licenses_item_key').on(t.orderItemId), index('licenses_by_buyer').on(t.buyerId)],
);

export type Order = typeof orders.$inferSelect;
