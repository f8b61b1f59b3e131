import { type SQL, sql } from 'drizzle-orm';
import type { Phase } from '../../domain/reconcile.ts';
import type { Db } from '../client.ts';
import { isCurrent } from './current.ts';

/** How old rows must be before a sweep looks at them, in milliseconds. */
export interface SweepAges {
  readonly orderStuckAfterMs: number;
  readonly refundStuckAfterMs: number;
  readonly refundOrphanAfterMs: number;
}

export interface SweepAsk extends SweepAges {
  readonly phase: Phase;
  /** ISO 8601: rows that were looked at since then are not listed. */
  readonly lookedBefore: string;
  /** All of Temporal's work is lost: also that of rows just made, and of refunds that the PSP does not have. */
  readonly engineRebuilt: boolean;
}

/** Work has a workflow within this time, and a webhook its answer. */
const WORK_LOST_AFTER_MS = 60_000;
const INBOX_UNDONE_AFTER_MS = 5 * 60_000;
const INBOX_UNMATCHED_FOR_MS = 24 * 60 * 60_000;

const before = (ageMs: number) => sql`now() - ${ageMs} * interval '1 millisecond'`;

interface Rows {
  /** Columns `ref`, `person`, `looked_at`, `created_at`. */
  readonly from: SQL;
}

/** Of a refund: who asked for it, or its order alone where it gives back what nobody asked to have back. */
const WHO_ASKED = sql`coalesce(requested_by, order_id)`;

// Of a refund that a buyer asked for, the workflow wrote the row: lost with that, it is an orphan and may be asked for anew.
// A payment that is given back is owed to a buyer who asks for nothing.
const WORK: readonly { kind: string; table: SQL; person: SQL; open: SQL; current?: SQL }[] = [
  { kind: 'order', table: sql`orders`, person: sql`buyer_id`, open: sql`status = 'pending'` },
  { kind: 'refund', table: sql`refunds`, person: WHO_ASKED, open: sql`status = 'pending'` },
  {
    kind: 'transfer',
    table: sql`seller_transfers`,
    person: sql`seller_id`,
    open: sql`status IN ('pending', 'failed')`,
    current: isCurrent(sql`seller_transfers`),
  },
  {
    kind: 'reversal',
    table: sql`transfer_reversals`,
    // As an expression, so that it is one look by index a row, and never a join of two tables.
    person: sql`(SELECT seller_id FROM seller_transfers WHERE id = one.transfer_id)`,
    open: sql`status = 'pending'`,
    current: isCurrent(sql`transfer_reversals`),
  },
  { kind: 'payout', table: sql`seller_payouts`, person: sql`seller_id`, open: sql`status = 'pending'` },
];

/** The rows of a phase, each part of them with its own index behind it. */
function partsOf(ask: Omit<SweepAsk, 'lookedBefore'>): readonly Rows[] {
  switch (ask.phase) {
    case 'stuck_orders':
      return [
        {
          from: sql`SELECT id::text AS ref, buyer_id AS person, reconcile_checked_at AS looked_at, created_at FROM orders
            WHERE status = 'pending' AND created_at < ${before(ask.orderStuckAfterMs)}`,
        },
      ];
    case 'stuck_refunds':
      return [
        {
          from: sql`SELECT id::text AS ref, ${WHO_ASKED} AS person, reconcile_checked_at AS looked_at, created_at FROM refunds
            WHERE status = 'pending' AND hyperswitch_refund_id IS NOT NULL
              AND created_at < ${before(ask.refundStuckAfterMs)}`,
        },
      ];
    case 'orphan_refunds':
      return [
        {
          from: sql`SELECT id::text AS ref, ${WHO_ASKED} AS person, reconcile_checked_at AS looked_at, created_at FROM refunds
            WHERE status = 'pending' AND hyperswitch_refund_id IS NULL
              AND created_at < ${before(ask.refundOrphanAfterMs)}`,
        },
      ];
    case 'lost_work':
      return WORK.map(({ kind, table, person, open, current }) => ({
        from: sql`SELECT ${sql.raw(`'${kind}/'`)} || id AS ref, ${person} AS person, work_checked_at AS looked_at, created_at FROM ${table} AS one
          WHERE ${open} AND created_at < ${before(ask.engineRebuilt ? 0 : WORK_LOST_AFTER_MS)}
          ${current ? sql`AND ${current}` : sql``}
          ${kind === 'refund' && !ask.engineRebuilt ? sql`AND (hyperswitch_refund_id IS NOT NULL OR kind = 'payment_returned')` : sql``}`,
      }));
    case 'ended_orders':
      return [
        {
          from: sql`SELECT id::text AS ref, buyer_id AS person, reconcile_checked_at AS looked_at, created_at FROM orders
            WHERE payment_watched_until IS NOT NULL AND created_at < ${before(ask.orderStuckAfterMs)}`,
        },
      ];
    case 'inbox':
      return [
        {
          from: sql`SELECT id::text AS ref, coalesce(about, id::text) AS person, reconcile_checked_at AS looked_at, received_at AS created_at FROM webhook_events
            WHERE (processed_at IS NULL OR outcome = 'unmatched')
              AND received_at < ${before(INBOX_UNDONE_AFTER_MS)}
              AND (outcome <> 'unmatched' OR received_at > ${before(INBOX_UNMATCHED_FOR_MS)})`,
        },
      ];
  }
}

/**
 * The rows of a phase whose turn it is. One of each person comes before a second one of anybody, so that whoever has many
 * hides nobody's; then those that were never looked at, then those looked at longest ago, so that rows that stay stuck do
 * not hide the ones behind them. Order and refund by their ids, work by its workflow's.
 */
export function sweepQuery(ask: SweepAsk, limit: number): SQL {
  const inTurn = sql`turn, looked_at NULLS FIRST, created_at`;
  const parts = partsOf(ask).map(
    ({ from }) => sql`(SELECT ref, looked_at, created_at,
        row_number() OVER (PARTITION BY person ORDER BY looked_at NULLS FIRST, created_at) AS turn
      FROM (${from}) AS rows
      WHERE looked_at IS NULL OR looked_at < ${ask.lookedBefore}::timestamptz
      ORDER BY ${inTurn} LIMIT ${limit})`,
  );
  return sql`SELECT ref FROM (${sql.join(parts, sql` UNION ALL `)}) AS rows ORDER BY ${inTurn} LIMIT ${limit}`;
}

export async function listSweepRows(db: Db, ask: SweepAsk, limit: number): Promise<string[]> {
  const rows = await db.execute<{ ref: string }>(sweepQuery(ask, limit));
  return rows.map(({ ref }) => ref);
}

export async function countSweepRows(db: Db, ask: Omit<SweepAsk, 'lookedBefore'>): Promise<number> {
  const parts = partsOf(ask).map(({ from }) => from);
  const [row] = await db.execute<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM (${sql.join(parts, sql` UNION ALL `)}) AS rows`,
  );
  return row?.count ?? 0;
}
