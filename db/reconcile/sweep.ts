import { type SQL, sql } from 'drizzle-orm';
import type { Phase } from '../../domain/reconcile/reconcile.ts';
import type { Db } from '../client.ts';
import { readPlatformSetting, isCurrent } from '../kernel/index.ts';
import { billingNow, seemsPhantom, subscriptions } from '../subscriptions/index.ts';
import type { BillingTerms } from '../../domain/subscriptions/index.ts';

/** How old rows must be before a sweep looks at them, in milliseconds. */
export interface SweepAges {
  readonly orderStuckAfterMs: number;
  readonly refundStuckAfterMs: number;
  readonly refundOrphanAfterMs: number;
  readonly invoiceStuckAfterMs: number;
  /** By what time subscriptions are due. */
  readonly billing: Pick<BillingTerms, 'time' | 'renewalGraceMs'>;
}

export interface SweepAsk extends SweepAges {
  readonly phase: Phase;
  /** ISO 8601. Rows that were looked at since then are left out. */
  readonly lookedBefore: string;
  /** All of Temporal's work is lost, also for new rows and for refunds that the PSP does not have. */
  readonly engineRebuilt: boolean;
}

/** Within this time a row has its workflow, and a webhook is processed. */
const WORK_LOST_AFTER_MS = 60_000;
/** A subscription's workflow does what is due within seconds. */
const OVERDUE_AFTER_MS = 10 * 60_000;
const INBOX_UNDONE_AFTER_MS = 5 * 60_000;
const INBOX_UNMATCHED_FOR_MS = 24 * 60 * 60_000;

/** For so long a payment may still be refunded or disputed at the PSP. */
export const OUTSIDE_FOR_MS = 180 * 24 * 60 * 60_000;
/** A member of the phase `outside` that is no row of ours: the PSP's list of disputes. */
export const RECENT_DISPUTES = 'disputes';

const before = (ageMs: number) => sql`now() - ${ageMs} * interval '1 millisecond'`;

/** By these an index finds what says it is paid, past all that are on Free; `OFFSET 0` has that done first. */
const PAID_PRICES = sql`SELECT price.id FROM plan_prices AS price JOIN plans AS plan ON plan.id = price.plan_id WHERE plan.rank > 0`;

interface Rows {
  /** Columns `ref`, `looked_at`, `created_at`, and `person` unless it rotates. */
  readonly from: SQL;
  /**
   * Rows come round regardless of how many a person has: for rows that nobody can multiply by doing nothing, such as
   * payments.
   */
  readonly rotates?: true;
}

/** The person of a refund: the one who asked for it, or else what it is of. */
const WHO_ASKED = sql`coalesce(requested_by, order_id, invoice_id)`;

// A refund that a buyer asked for was written by its workflow: without that it is an orphan, and the buyer may ask
// anew. A give-back is owed to a buyer who asks for nothing, so its workflow is started again.
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
    // As an expression, so that each row costs one index look-up, never a join of two tables.
    person: sql`(SELECT seller_id FROM seller_transfers WHERE id = one.transfer_id)`,
    open: sql`status = 'pending'`,
    current: isCurrent(sql`transfer_reversals`),
  },
  { kind: 'payout', table: sql`seller_payouts`, person: sql`seller_id`, open: sql`status = 'pending'` },
];

/** The rows of a phase, in parts, each with its own index. */
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
        {
          from: sql`SELECT 'attempt/' || id AS ref, (SELECT issued_to->>'userId' FROM invoices WHERE id = invoice_id) AS person,
              reconcile_checked_at AS looked_at, created_at FROM invoice_payments
            WHERE watched_until IS NOT NULL AND asked_at < ${before(ask.invoiceStuckAfterMs)}`,
        },
      ];
    case 'stuck_invoices':
      return [
        {
          rotates: true,
          from: sql`SELECT id::text AS ref, reconcile_checked_at AS looked_at, created_at FROM invoice_payments
            WHERE status = 'pending' AND asked_at < ${before(ask.invoiceStuckAfterMs)}`,
        },
        {
          rotates: true,
          from: sql`SELECT id::text AS ref, reconcile_checked_at AS looked_at, created_at FROM card_setups
            WHERE ended_at IS NULL AND asked_at < ${before(ask.invoiceStuckAfterMs)}`,
        },
      ];
    case 'overdue_subscriptions': {
      const { time, renewalGraceMs } = ask.billing;
      const dueBy = ask.engineRebuilt ? sql`'infinity'::timestamptz` : billingNow(time, OVERDUE_AFTER_MS);
      return [
        {
          rotates: true,
          from: sql`SELECT 'subscription/' || id AS ref, work_checked_at AS looked_at, created_at FROM subscriptions
            WHERE next_due_at IS NOT NULL AND next_due_at < ${dueBy}`,
        },
        {
          rotates: true,
          from: sql`SELECT 'subscription/' || ${subscriptions.id} AS ref, ${subscriptions.workCheckedAt} AS looked_at, ${subscriptions.createdAt} AS created_at
            FROM (SELECT * FROM ${subscriptions}
              WHERE (${subscriptions.nextDueAt} IS NULL OR ${subscriptions.nextDueAt} >= ${dueBy})
                AND ${subscriptions.status} IN ('active', 'trialing', 'canceling')
                AND ${subscriptions.priceId} = ANY (ARRAY(${PAID_PRICES})) OFFSET 0) AS subscriptions
            WHERE ${seemsPhantom(billingNow(time), renewalGraceMs)}`,
        },
      ];
    }
    case 'outside':
      return [
        {
          rotates: true,
          from: sql`SELECT 'dispute/' || id AS ref, reconcile_checked_at AS looked_at, opened_at AS created_at FROM disputes
            WHERE unbooked_since IS NOT NULL`,
        },
        // Settling counts as a look, so that old payments come round even in a shop that sells faster than sweeps
        // look.
        {
          rotates: true,
          from: sql`SELECT 'order/' || id AS ref, coalesce(outside_checked_at, completed_at, created_at) AS looked_at, created_at
            FROM orders
            WHERE captured_minor IS NOT NULL AND NOT outside_over
              AND coalesce(completed_at, created_at) > ${before(OUTSIDE_FOR_MS)}`,
        },
        {
          rotates: true,
          from: sql`SELECT 'attempt/' || id AS ref, coalesce(outside_checked_at, captured_at, created_at) AS looked_at, created_at
            FROM invoice_payments
            WHERE received_minor IS NOT NULL AND NOT outside_over
              AND coalesce(captured_at, created_at) > ${before(OUTSIDE_FOR_MS)}`,
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
 * The rows of a phase whose turn it is. One row of each person comes before anybody's second, so that a person with
 * many rows does not hide the others'. Then rows that were never looked at come first, then those looked at longest
 * ago, so that rows that stay stuck do not hide others. Orders and refunds by their ids, work by its workflow's id.
 */
export function sweepQuery(ask: SweepAsk, limit: number): SQL {
  const longestAgo = sql`looked_at NULLS FIRST, created_at`;
  const parts = partsOf(ask).map(({ from, rotates }) => {
    const turn = rotates
      ? sql`1::bigint`
      : sql`row_number() OVER (PARTITION BY person ORDER BY ${longestAgo})`;
    return sql`(SELECT ref, looked_at, created_at, ${turn} AS turn FROM (${from}) AS rows
      WHERE looked_at IS NULL OR looked_at < ${ask.lookedBefore}::timestamptz
      ORDER BY ${rotates ? longestAgo : sql`turn, ${longestAgo}`} LIMIT ${limit})`;
  });
  return sql`SELECT ref FROM (${sql.join(parts, sql` UNION ALL `)}) AS rows
    ORDER BY turn, ${longestAgo} LIMIT ${limit}`;
}

export async function listSweepRows(db: Db, ask: SweepAsk, limit: number): Promise<string[]> {
  const rows = await db.execute<{ ref: string }>(sweepQuery(ask, limit));
  const refs = rows.map(({ ref }) => ref);
  if (ask.phase !== 'outside' || (await wasListed(db, ask.lookedBefore))) return refs;
  return [RECENT_DISPUTES, ...refs].slice(0, limit);
}

/** Whether this sweep has read the PSP's list of disputes already. */
async function wasListed(db: Db, lookedBefore: string): Promise<boolean> {
  const listedAt = await readPlatformSetting(db, 'disputes_listed_at');
  return listedAt !== null && Date.parse(listedAt) >= Date.parse(lookedBefore);
}

export async function countSweepRows(db: Db, ask: Omit<SweepAsk, 'lookedBefore'>): Promise<number> {
  const parts = partsOf(ask).map(({ from }) => sql`SELECT ref FROM (${from}) AS part`);
  const [row] = await db.execute<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM (${sql.join(parts, sql` UNION ALL `)}) AS rows`,
  );
  return (row?.count ?? 0) + (ask.phase === 'outside' ? 1 : 0);
}
