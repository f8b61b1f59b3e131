import { sql } from 'drizzle-orm';
import { isCurrent, rowOf, type WorkPart } from '../kernel/index.ts';

/** The PSP did something that the books cannot hold (see isHeldRefund). */
const IS_HELD = sql`(SELECT 'held' FROM ops_flags WHERE subject = 'refund/' || refunds.id AND kind = 'amount_differs' LIMIT 1)`;

/** An orphan is a refund that the PSP may not have. */
export const MARKETPLACE_WORK = {
  order: {
    isMoney: true,
    rows: sql`
    SELECT 'order', 'order/' || id, id, id, NULL::uuid, status, created_at, reconcile_checked_at, total_minor, currency,
      NULL, NULL, NULL, NULL
    FROM orders WHERE status = 'pending'`,
  },
  refund: {
    isMoney: true,
    rows: sql`
    SELECT 'refund', 'refund/' || id, id, order_id, NULL, status, created_at, reconcile_checked_at, amount_minor, currency,
      error_message, ${IS_HELD}, NULL, NULL
    FROM refunds WHERE status = 'pending' AND hyperswitch_refund_id IS NOT NULL`,
  },
  orphan: {
    isMoney: true,
    rows: sql`
    SELECT 'orphan', 'refund/' || id, id, order_id, NULL, status, created_at, reconcile_checked_at, amount_minor, currency,
      error_message, CASE WHEN ${IS_HELD} = 'held' THEN 'held' WHEN given_up_at IS NOT NULL THEN 'second_look' WHEN exists_by IS NOT NULL THEN 'psp_read_side' END,
      NULL, NULL
    FROM refunds WHERE status = 'pending' AND hyperswitch_refund_id IS NULL`,
  },
  transfer: {
    isMoney: true,
    rows: sql`
    SELECT 'transfer', 'transfer/' || id, id, order_id, seller_id, status, created_at, work_checked_at, amount_minor,
      currency, error_message, waiting_for, next_retry_at, retry_count
    FROM seller_transfers AS one WHERE status IN ('pending', 'failed')
      AND ${isCurrent(sql`seller_transfers`)}`,
  },
  reversal: {
    isMoney: true,
    rows: sql`
    SELECT 'reversal', 'reversal/' || one.id, one.id, transfer.order_id, transfer.seller_id, one.status, one.created_at,
      one.work_checked_at, one.amount_minor - one.covered_minor, transfer.currency, one.error_message, one.waiting_for,
      one.next_retry_at, one.retry_count
    FROM transfer_reversals AS one, ${rowOf(sql`seller_transfers`, sql`one.transfer_id`)} AS transfer
    WHERE one.status = 'pending'
      AND ${isCurrent(sql`transfer_reversals`)}`,
  },
  // Failed for good, and nobody has dealt with it.
  failed_transfer: {
    needsPerson: true,
    isMoney: true,
    rows: sql`
    SELECT 'failed_transfer', 'transfer/' || id, id, order_id, seller_id, status, coalesce(asked_at, created_at), NULL,
      amount_minor, currency, error_message, NULL, NULL, retry_count
    FROM seller_transfers AS one WHERE status = 'permanently_failed' AND completed_at IS NULL AND amount_minor > 0
      AND ${isCurrent(sql`seller_transfers`)}`,
  },
  failed_reversal: {
    needsPerson: true,
    isMoney: true,
    rows: sql`
    SELECT 'failed_reversal', 'reversal/' || one.id, one.id, transfer.order_id, transfer.seller_id, one.status,
      coalesce(one.ended_at, one.created_at), NULL, one.amount_minor - one.covered_minor, transfer.currency,
      one.error_message, NULL, NULL, one.retry_count
    FROM transfer_reversals AS one, ${rowOf(sql`seller_transfers`, sql`one.transfer_id`)} AS transfer
    WHERE one.status = 'permanently_failed'
      AND ${isCurrent(sql`transfer_reversals`)}`,
  },
} as const satisfies Readonly<Record<string, WorkPart>>;
