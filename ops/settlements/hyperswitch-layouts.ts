import type { Layout } from './layout.ts';

const MOVED = new Set(['succeeded', 'success', 'charged', 'partially_captured', 'partial_charged']);

/** Statuses of a dispute whose money stayed or came back, and of one that holds or took it. */
const GIVEN_UP = new Set(['won', 'cancelled']);
const STANDING = new Set(['opened', 'challenged', 'expired', 'lost', 'accepted']);

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

/**
 * Hyperswitch's disputes. Its documentation does not name these columns either; they are of the table behind them
 * (the same folder, disputes.sql): dispute_id, payment_id, attempt_id, amount (minor units), currency, dispute_stage,
 * dispute_status, created_at and more. A row is a dispute as it stands.
 */
const disputes: Layout = {
  name: 'hyperswitch_disputes',
  provider: 'hyperswitch',
  covers: ['dispute'],
  delimiter: ',',
  columns: {
    type: null,
    status: 'dispute_status',
    ref: 'dispute_id',
    amount: 'amount',
    currency: 'currency',
    at: 'created_at',
    also: ['payment_id', 'dispute_stage'],
    ourRef: { dispute: ['payment_id'], dispute_return: ['payment_id'] },
  },
  amounts: 'minor',
  decimal: '.',
  signs: 'absolute',
  kindOf: (_, status) => {
    const word = status.toLowerCase().replace(/^dispute_/, '');
    if (GIVEN_UP.has(word)) return 'dispute_return';
    return STANDING.has(word) ? 'dispute' : null;
  },
};

export const HYPERSWITCH_LAYOUTS: readonly Layout[] = [disputes, refunds, payments];
