import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

export const STUCK_KINDS = [
  'order',
  'refund',
  'orphan',
  'transfer',
  'reversal',
  'payout',
  'webhook',
] as const;
export type StuckKind = (typeof STUCK_KINDS)[number];

export interface StuckRow {
  readonly kind: StuckKind;
  /** The workflow id, or a webhook event's id. */
  readonly subject: string;
  readonly status: string;
  readonly since: Date;
  /** When a sweep last looked at it; null: none has. */
  readonly lookedAt: Date | null;
}

/** Rows that have been open for longer than this. An orphan is a refund that the PSP may not have. */
const OPEN = sql`
  SELECT 'order' AS kind, 'order/' || id AS subject, status, created_at AS since, reconcile_checked_at AS looked_at
  FROM orders WHERE status = 'pending'
  UNION ALL
  SELECT CASE WHEN hyperswitch_refund_id IS NULL THEN 'orphan' ELSE 'refund' END, 'refund/' || id, status, created_at,
    reconcile_checked_at
  FROM refunds WHERE status = 'pending'
  UNION ALL
  SELECT 'transfer', 'transfer/' || id, status, created_at, work_checked_at FROM seller_transfers AS one
  WHERE status IN ('pending', 'failed')
    AND NOT EXISTS (SELECT 1 FROM seller_transfers AS retry WHERE retry.retry_of = one.id)
  UNION ALL
  SELECT 'reversal', 'reversal/' || id, status, created_at, work_checked_at FROM transfer_reversals AS one
  WHERE status = 'pending'
    AND NOT EXISTS (SELECT 1 FROM transfer_reversals AS retry WHERE retry.retry_of = one.id)
  UNION ALL
  SELECT 'payout', 'payout/' || id, status, created_at, work_checked_at FROM seller_payouts WHERE status = 'pending'
  UNION ALL
  SELECT 'webhook', id::text, outcome, received_at, reconcile_checked_at FROM webhook_events
  WHERE processed_at IS NULL OR outcome = 'unmatched'`;

const olderThan = (minutes: number) => sql`since < now() - ${minutes} * interval '1 minute'`;

/** The oldest of them first. */
export async function listStuckRows(db: Db, minutes: number, limit: number): Promise<StuckRow[]> {
  const rows = await db.execute<{
    kind: StuckKind;
    subject: string;
    status: string;
    since: string;
    looked_at: string | null;
  }>(
    sql`SELECT kind, subject, status, since, looked_at FROM (${OPEN}) AS open WHERE ${olderThan(minutes)}
      ORDER BY since, subject LIMIT ${limit}`,
  );
  return rows.map(({ kind, subject, status, since, looked_at: lookedAt }) => ({
    kind,
    subject,
    status,
    since: new Date(since),
    lookedAt: lookedAt === null ? null : new Date(lookedAt),
  }));
}

export async function countStuckRows(db: Db, minutes: number): Promise<Record<StuckKind, number>> {
  const rows = await db.execute<{ kind: StuckKind; count: number }>(
    sql`SELECT kind, count(*)::int AS count FROM (${OPEN}) AS open WHERE ${olderThan(minutes)} GROUP BY kind`,
  );
  const counted = new Map(rows.map(({ kind, count }) => [kind, count]));
  return Object.fromEntries(STUCK_KINDS.map((kind) => [kind, counted.get(kind) ?? 0])) as Record<
    StuckKind,
    number
  >;
}

/** The same, each kind by its own threshold in milliseconds. */
export async function countStuckRowsByKind(
  db: Db,
  stuckAfterMs: Readonly<Record<StuckKind, number>>,
): Promise<Record<StuckKind, number>> {
  const thresholds = sql.join(
    STUCK_KINDS.map((kind) => sql`(${kind}::text, ${stuckAfterMs[kind]} * interval '1 millisecond')`),
    sql`, `,
  );
  const rows = await db.execute<{ kind: StuckKind; count: number }>(
    sql`SELECT open.kind, count(*)::int AS count FROM (${OPEN}) AS open
      JOIN (VALUES ${thresholds}) AS threshold (kind, after) ON threshold.kind = open.kind
      WHERE open.since < now() - threshold.after GROUP BY open.kind`,
  );
  const counted = new Map(rows.map(({ kind, count }) => [kind, count]));
  return Object.fromEntries(STUCK_KINDS.map((kind) => [kind, counted.get(kind) ?? 0])) as Record<
    StuckKind,
    number
  >;
}
