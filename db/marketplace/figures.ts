import { sql } from 'drizzle-orm';
import { ageS, countedRows, type FigurePart, isCurrent } from '../kernel/index.ts';

/** A reversal has its transfer's currency: one index look-up each, as in `isCurrent`. */
const REVERSALS = sql`SELECT one.*,
    (SELECT currency FROM seller_transfers WHERE seller_transfers.id = one.transfer_id) AS currency
  FROM transfer_reversals AS one`;

// A transfer of 0 was refunded whole, and is left out; one that went out and is `permanently_failed` is counted by
// its reversal.
export const MARKETPLACE_FIGURES = {
  open: {
    order: sql`
    SELECT 'order', status, currency, ${countedRows}, sum(total_minor)::float8, ${ageS(sql`created_at`)}
    FROM orders WHERE status = 'pending' GROUP BY status, currency`,
    refund: sql`
    SELECT 'refund', status, currency, ${countedRows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
    FROM refunds WHERE status = 'pending' GROUP BY status, currency`,
    transfer: sql`
    SELECT 'transfer', status, currency, ${countedRows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
    FROM seller_transfers AS one WHERE status IN ('pending', 'failed') AND ${isCurrent(sql`seller_transfers`)}
    GROUP BY status, currency`,
    reversal: sql`
    SELECT 'reversal', status, currency, ${countedRows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
    FROM (${REVERSALS} WHERE one.status = 'pending') AS reversals GROUP BY status, currency`,
  },
  givenUp: {
    transfer: sql`
    SELECT 'transfer', status, currency, ${countedRows}, sum(amount_minor)::float8
    FROM seller_transfers AS one WHERE status = 'permanently_failed' AND completed_at IS NULL AND amount_minor > 0
      AND ${isCurrent(sql`seller_transfers`)}
    GROUP BY status, currency`,
    reversal: sql`
    SELECT 'reversal', status, currency, ${countedRows}, sum(amount_minor - covered_minor)::float8
    FROM (${REVERSALS} WHERE one.status = 'permanently_failed' AND ${isCurrent(sql`transfer_reversals`)}) AS reversals
    GROUP BY status, currency`,
  },
  openSince: {
    order: sql`SELECT 'order', created_at FROM orders WHERE status = 'pending'`,
    refund: sql`
    SELECT CASE WHEN hyperswitch_refund_id IS NULL THEN 'orphan' ELSE 'refund' END, created_at
    FROM refunds WHERE status = 'pending'`,
    transfer: sql`
    SELECT 'transfer', created_at FROM seller_transfers AS one
    WHERE status IN ('pending', 'failed') AND ${isCurrent(sql`seller_transfers`)}`,
    reversal: sql`SELECT 'reversal', created_at FROM transfer_reversals WHERE status = 'pending'`,
  },
  // A transfer that a person retried counts once, as its latest retry does; so does a reversal.
  outcomes: {
    payment: (since) => sql`
    SELECT 'payment', CASE status WHEN 'pending' THEN NULL WHEN 'failed' THEN false ELSE true END
    FROM orders WHERE created_at > ${since}`,
    refund: (since) => sql`
    SELECT 'refund', CASE status WHEN 'pending' THEN NULL WHEN 'succeeded' THEN true ELSE false END
    FROM refunds WHERE created_at > ${since}`,
    transfer: (since) => sql`
    SELECT 'transfer', CASE WHEN completed_at IS NOT NULL THEN true
      WHEN status IN ('permanently_failed', 'settled_outside', 'written_off') THEN false END
    FROM seller_transfers AS one WHERE created_at > ${since} AND ${isCurrent(sql`seller_transfers`)}`,
    reversal: (since) => sql`
    SELECT 'reversal', CASE status WHEN 'pending' THEN NULL WHEN 'reversed' THEN true ELSE false END
    FROM transfer_reversals AS one WHERE created_at > ${since} AND refund_id IS NOT NULL AND status <> 'withdrawn'
      AND ${isCurrent(sql`transfer_reversals`)}`,
  },
} as const satisfies FigurePart;

/** Pending refunds by step and age. */
export interface RefundAgeFigure {
  /** `asking`: the PSP may not have the refund yet; `accepted`: it has, and its report is to come. */
  readonly step: 'asking' | 'accepted';
  readonly age: string;
  readonly rows: number;
}

export const REFUND_AGES = sql`
  SELECT CASE WHEN hyperswitch_refund_id IS NULL THEN 'asking' ELSE 'accepted' END AS step,
    CASE WHEN created_at > now() - interval '5 minutes' THEN 'under_5m'
      WHEN created_at > now() - interval '1 hour' THEN '5m_to_1h'
      WHEN created_at > now() - interval '1 day' THEN '1h_to_1d' ELSE 'over_1d' END AS age, ${countedRows}
  FROM refunds WHERE status = 'pending' GROUP BY 1, 2`;
