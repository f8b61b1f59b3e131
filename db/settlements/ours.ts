import { type SQL, sql } from 'drizzle-orm';
import type { Claimable, SettlementProvider } from '../../domain/settlements/settlement-file.ts';

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/**
 * Our rows that a settlement file's row may name: `sureness` (1 is surest), `id`, `ours_minor` and `ours_currency` as the
 * settlement file should have them, NULL where no such money moved, and `ours_state`. Each way is an index scan. `row` is
 * the name of a relation with the columns of `statement_rows`.
 */
export function ours(row: SQL): SQL {
  const ourId = sql`CASE WHEN ${row}.our_ref ~ ${sql.raw(`'${UUID}'`)} THEN ${row}.our_ref::uuid END`;
  const isOf = (...kinds: readonly string[]) =>
    sql`${row}.kind IN (${sql.raw(kinds.map((kind) => `'${kind}'`).join(', '))})`;
  const payment = sql`id, captured_minor AS ours_minor, captured_currency AS ours_currency, status AS ours_state FROM orders`;
  const refund = sql`id, CASE WHEN CASE ${row}.kind WHEN 'refund' THEN status IN ('succeeded', 'returned')
    ELSE status IN ('returned', 'failed') END THEN amount_minor END, currency, status`;
  const theOrder = sql`(SELECT id FROM orders WHERE payment_id = ${row}.our_ref
    OR (${row}.our_ref IS NULL AND connector_transaction_id = ${row}.alt_ref))`;
  const transfer = sql`id, CASE WHEN completed_at IS NOT NULL THEN amount_minor END, currency, status FROM seller_transfers`;
  const reversal = sql`v.id, CASE WHEN v.status = 'reversed' THEN v.amount_minor - v.covered_minor END, t.currency, v.status
    FROM transfer_reversals AS v JOIN seller_transfers AS t ON t.id = v.transfer_id`;
  const payout = sql`id, CASE WHEN ${row}.kind = 'payout' OR status = 'failed' THEN amount_minor END, currency, status
    FROM seller_payouts`;
  // At the connector a dispute takes its money when it opens and brings it back when it is won, so a file has both
  // rows. Hyperswitch has one row, with the current status.
  const isOver = sql`status IN ('won', 'cancelled')`;
  const disputeAs = (taken: SQL) =>
    sql`id, CASE WHEN ${row}.kind = 'dispute' AND ${taken} OR ${row}.kind = 'dispute_return' AND ${isOver} THEN amount_minor END,
      currency, status`;
  const isDispute = isOf('dispute', 'dispute_return');
  return sql`
    SELECT 1 AS sureness, ${payment} WHERE ${isOf('payment')} AND payment_id = ${row}.our_ref
    UNION ALL SELECT 2, ${payment} WHERE ${isOf('payment')} AND connector_transaction_id IN (${row}.ref, ${row}.alt_ref)
    UNION ALL SELECT 1, ${refund} FROM refunds
      WHERE ${isOf('refund', 'refund_return')} AND hyperswitch_refund_id IN (${row}.ref, ${row}.our_ref)
    UNION ALL SELECT 2, ${refund} FROM refunds WHERE ${isOf('refund', 'refund_return')} AND id = ${ourId}
    UNION ALL SELECT 3, ${refund} FROM (
        SELECT *, count(*) OVER () AS fitting FROM refunds WHERE ${isOf('refund', 'refund_return')} AND kind <> 'dispute'
          AND order_id IN ${theOrder} AND amount_minor = ${row}.amount_minor AND currency = ${row}.currency
      ) AS of_amount WHERE fitting = 1
    UNION ALL SELECT 4, ${refund} FROM (
        SELECT *, count(*) OVER () AS fitting FROM refunds WHERE ${isOf('refund', 'refund_return')} AND kind <> 'dispute'
          AND order_id IN ${theOrder}
      ) AS of_order WHERE fitting = 1
    UNION ALL SELECT 1, ${transfer}
      WHERE ${isOf('transfer')} AND stripe_transfer_id = ${row}.ref AND stripe_transfer_id <> ''
    UNION ALL SELECT 2, ${transfer} WHERE ${isOf('transfer')} AND id = ${ourId}
    UNION ALL SELECT 1, ${reversal}
      WHERE ${isOf('reversal')} AND v.stripe_reversal_id = ${row}.ref AND v.stripe_reversal_id <> ''
    UNION ALL SELECT 2, ${reversal} WHERE ${isOf('reversal')} AND v.id = ${ourId}
    UNION ALL SELECT 1, ${payout} WHERE ${isOf('payout', 'payout_return')} AND external_payout_id = ${row}.ref
    UNION ALL SELECT 1, ${disputeAs(sql`true`)} FROM disputes WHERE ${isDispute} AND connector_dispute_id = ${row}.ref
    UNION ALL SELECT 1, ${disputeAs(sql`NOT ${isOver}`)} FROM disputes WHERE ${isDispute} AND provider_dispute_id = ${row}.ref
    UNION ALL SELECT 2, ${disputeAs(sql`true`)} FROM (
        SELECT *, count(*) OVER () AS fitting FROM disputes WHERE ${isDispute} AND order_id IN ${theOrder}
          AND amount_minor = ${row}.amount_minor AND currency = ${row}.currency
      ) AS of_amount WHERE fitting = 1
    UNION ALL SELECT 3, ${disputeAs(sql`true`)} FROM (
        SELECT *, count(*) OVER () AS fitting FROM disputes WHERE ${isDispute} AND order_id IN ${theOrder}
      ) AS of_order WHERE fitting = 1`;
}

/**
 * Our rows of one kind that moved in the file's time and that its provider should have: `id`, `minor`, `currency`,
 * `at`, `ref`. The PSP has no refund for a lost dispute, nor for a payment that it cancelled after capture.
 */
export function oursThatMoved(kind: Claimable, provider: SettlementProvider): SQL {
  const isStripes = sql`connector_transaction_id ~ '^(pi|ch|py)_'`;
  const only = (condition: SQL) => (provider === 'stripe' ? sql`AND ${condition}` : sql``);
  switch (kind) {
    case 'payment':
      return sql`SELECT id, captured_minor AS minor, captured_currency AS currency, coalesce(completed_at, created_at) AS at,
          coalesce(connector_transaction_id, payment_id) AS ref
        FROM orders WHERE captured_minor IS NOT NULL ${only(isStripes)}`;
    case 'refund':
      return sql`SELECT id, amount_minor AS minor, currency, succeeded_at AS at, hyperswitch_refund_id AS ref
        FROM refunds WHERE succeeded_at IS NOT NULL AND kind <> 'dispute'
          AND coalesce(hyperswitch_refund_id, '') NOT LIKE 'cancelled:%'
          ${only(sql`EXISTS (SELECT 1 FROM orders WHERE orders.id = refunds.order_id AND ${isStripes})`)}`;
    case 'transfer':
      return sql`SELECT id, amount_minor AS minor, currency, completed_at AS at, stripe_transfer_id AS ref
        FROM seller_transfers WHERE completed_at IS NOT NULL AND amount_minor > 0`;
    case 'reversal':
      return sql`SELECT v.id, v.amount_minor - v.covered_minor AS minor, t.currency, v.ended_at AS at, v.stripe_reversal_id AS ref
        FROM transfer_reversals AS v JOIN seller_transfers AS t ON t.id = v.transfer_id
        WHERE v.status = 'reversed' AND v.amount_minor > v.covered_minor`;
    case 'payout':
      return sql`SELECT id, amount_minor AS minor, currency, paid_at AS at, external_payout_id AS ref
        FROM seller_payouts WHERE paid_at IS NOT NULL`;
    case 'dispute':
      // An inquiry takes no money.
      return sql`SELECT id, amount_minor AS minor, currency, opened_at AS at,
          coalesce(connector_dispute_id, provider_dispute_id) AS ref
        FROM disputes WHERE true ${only(sql`stage <> 'pre_dispute'
          AND EXISTS (SELECT 1 FROM orders WHERE orders.id = disputes.order_id AND ${isStripes})`)}`;
  }
}
