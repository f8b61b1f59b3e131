import type { Layout } from './layout.ts';

const MOVED = new Set(['succeeded', 'success', 'charged', 'partially_captured', 'partial_charged']);

/**
 * Hyperswitch's export of payments, a row an attempt: payment_id, attempt_id, status, amount (minor units), currency,
 * created_at and twenty more. Source: docs.hyperswitch.io, "Exporting payments data", table creation schema.
 */
const payments: Layout = {
  name: 'hyperswitch_payments',
  provider: 'hyperswitch',
  covers: ['payment'],
  delimiter: ',',
  columns: {
    type: null,
    status: 'status',
    ref: 'payment_id',
    amount: 'amount',
    currency: 'currency',
    at: 'created_at',
    also: ['attempt_id'],
    ourRef: { payment: ['payment_id'] },
  },
  amounts: 'minor',
  decimal: '.',
  signs: 'absolute',
  kindOf: (_, status) => (MOVED.has(status) ? 'payment' : null),
};

/**
 * Hyperswitch's refunds. Its documentation names no columns of the refund report; these are the columns of the table that
 * its reports are made from (juspay/hyperswitch, crates/analytics/docs/clickhouse/scripts/refunds.sql): refund_id,
 * payment_id, total_amount, currency, refund_amount (minor units), refund_status, created_at and more.
 */
const refunds: Layout = {
  name: 'hyperswitch_refunds',
  provider: 'hyperswitch',
  covers: ['refund'],
  delimiter: ',',
  columns: {
    type: null,
    status: 'refund_status',
    ref: 'refund_id',
    amount: 'refund_amount',
    currency: 'currency',
    at: 'created_at',
    ourRef: { refund: ['refund_id'] },
  },
  amounts: 'minor',
  decimal: '.',
  signs: 'absolute',
  kindOf: (_, status) => (MOVED.has(status) ? 'refund' : null),
};

export const HYPERSWITCH_LAYOUTS: readonly Layout[] = [refunds, payments];
