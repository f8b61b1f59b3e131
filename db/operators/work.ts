import { type SQL, sql } from 'drizzle-orm';
import type { Money } from '../../domain/kernel/index.ts';
import type { Db, Tx } from '../client.ts';
import { isCurrent } from '../kernel/index.ts';

/** Open rows, which automation goes on with. An orphan is a refund that the PSP may not have. */
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

/**
 * What needs a person, besides rows that have been open for long: transfers and reversals that failed for good and
 * that nobody has dealt with, flags, and actions that wait for a second admin (or that the engine was never notified
 * of).
 */
export const PERSON_KINDS = ['failed_transfer', 'failed_reversal', 'flag', 'approval'] as const;
export const WORK_KINDS = [...STUCK_KINDS, ...PERSON_KINDS] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

export interface WorkRow {
  readonly kind: WorkKind;
  /** The workflow id of its subject, or a webhook's: `webhook/…`. */
  readonly subject: string;
  /** The id of the row itself, where that differs from its subject: a flag, an approval. */
  readonly id: string;
  readonly orderId: string | null;
  readonly sellerId: string | null;
  readonly status: string;
  readonly since: Date;
  /** When a sweep last looked at it; null: none has, or none does. */
  readonly lookedAt: Date | null;
  readonly money: Money | null;
  readonly lastError: string | null;
  /** Why it waits without counting attempts. */
  readonly waitingFor: string | null;
  readonly nextAttemptAt: Date | null;
  readonly retryCount: number | null;
}

export interface WorkFilter {
  /** For open rows; what needs a person is listed at once. */
  readonly olderThanMinutes: number;
  readonly kinds?: readonly WorkKind[] | undefined;
  readonly orderId?: string | undefined;
  readonly sellerId?: string | undefined;
  readonly currency?: string | undefined;
  readonly minAmountMinor?: number | undefined;
  /** A part of the last error, in any case. */
  readonly error?: string | undefined;
  /** Only these. */
  readonly subjects?: readonly string[] | undefined;
}

/** Looked up for each row beside it, by its key: OFFSET keeps the planner from joining with the whole table instead. */
const rowOf = (table: SQL, id: SQL) => sql`LATERAL (SELECT * FROM ${table} WHERE id = ${id} OFFSET 0)`;

/** The PSP did something that the books cannot hold (see isHeldRefund). */
const IS_HELD = sql`(SELECT 'held' FROM ops_flags WHERE subject = 'refund/' || refunds.id AND kind = 'amount_differs' LIMIT 1)`;

/** Each part is led by a partial index of its own (test/operators/list-plans.test.ts has the plans). */
const PARTS: Readonly<Record<WorkKind, SQL>> = {
  order: sql`
    SELECT 'order' AS kind, 'order/' || id AS subject, id, id AS order_id, NULL::uuid AS seller_id, status,
      created_at AS since, reconcile_checked_at AS looked_at, total_minor AS amount_minor, currency,
      NULL AS last_error, NULL AS waiting_for, NULL::timestamptz AS next_at, NULL::int AS retry_count
    FROM orders WHERE status = 'pending'`,
  refund: sql`
    SELECT 'refund', 'refund/' || id, id, order_id, NULL, status, created_at, reconcile_checked_at, amount_minor, currency,
      error_message, ${IS_HELD}, NULL, NULL
    FROM refunds WHERE status = 'pending' AND hyperswitch_refund_id IS NOT NULL`,
  orphan: sql`
    SELECT 'orphan', 'refund/' || id, id, order_id, NULL, status, created_at, reconcile_checked_at, amount_minor, currency,
      error_message, CASE WHEN ${IS_HELD} = 'held' THEN 'held' WHEN given_up_at IS NOT NULL THEN 'second_look' WHEN exists_by IS NOT NULL THEN 'psp_read_side' END,
      NULL, NULL
    FROM refunds WHERE status = 'pending' AND hyperswitch_refund_id IS NULL`,
  transfer: sql`
    SELECT 'transfer', 'transfer/' || id, id, order_id, seller_id, status, created_at, work_checked_at, amount_minor,
      currency, error_message, waiting_for, next_retry_at, retry_count
    FROM seller_transfers AS one WHERE status IN ('pending', 'failed')
      AND ${isCurrent(sql`seller_transfers`)}`,
  reversal: sql`
    SELECT 'reversal', 'reversal/' || one.id, one.id, transfer.order_id, transfer.seller_id, one.status, one.created_at,
      one.work_checked_at, one.amount_minor - one.covered_minor, transfer.currency, one.error_message, one.waiting_for,
      one.next_retry_at, one.retry_count
    FROM transfer_reversals AS one, ${rowOf(sql`seller_transfers`, sql`one.transfer_id`)} AS transfer
    WHERE one.status = 'pending'
      AND ${isCurrent(sql`transfer_reversals`)}`,
  payout: sql`
    SELECT 'payout', 'payout/' || id, id, NULL, seller_id, status, created_at, work_checked_at, amount_minor, currency,
      error_message, waiting_for, next_retry_at, retry_count
    FROM seller_payouts WHERE status = 'pending'`,
  webhook: sql`
    SELECT 'webhook', 'webhook/' || id, id, NULL, NULL, outcome, received_at, reconcile_checked_at, NULL, NULL, error, NULL,
      NULL, NULL
    FROM webhook_events WHERE processed_at IS NULL OR outcome = 'unmatched'`,
  failed_transfer: sql`
    SELECT 'failed_transfer', 'transfer/' || id, id, order_id, seller_id, status, coalesce(asked_at, created_at), NULL,
      amount_minor, currency, error_message, NULL, NULL, retry_count
    FROM seller_transfers AS one WHERE status = 'permanently_failed' AND completed_at IS NULL AND amount_minor > 0
      AND ${isCurrent(sql`seller_transfers`)}`,
  failed_reversal: sql`
    SELECT 'failed_reversal', 'reversal/' || one.id, one.id, transfer.order_id, transfer.seller_id, one.status,
      coalesce(one.ended_at, one.created_at), NULL, one.amount_minor - one.covered_minor, transfer.currency,
      one.error_message, NULL, NULL, one.retry_count
    FROM transfer_reversals AS one, ${rowOf(sql`seller_transfers`, sql`one.transfer_id`)} AS transfer
    WHERE one.status = 'permanently_failed'
      AND ${isCurrent(sql`transfer_reversals`)}`,
  // Flags that only repeat a transfer's or a reversal's own row are left out.
  flag: sql`
    SELECT 'flag', flag.subject, flag.id, refund.order_id, NULL, flag.kind, flag.raised_at, NULL, refund.amount_minor,
      refund.currency, flag.detail, NULL, NULL, NULL
    FROM ops_flags AS flag LEFT JOIN
      ${rowOf(sql`refunds`, sql`CASE WHEN flag.subject LIKE 'refund/%' THEN substr(flag.subject, 8)::uuid END`)} AS refund ON true
    WHERE flag.cleared_at IS NULL AND flag.kind NOT IN ('reversal_gave_up', 'transfer_gave_up')`,
  approval: sql`
    SELECT 'approval', subject, id, NULL, NULL, status, requested_at, NULL, amount_minor, currency, reason, NULL, NULL, NULL
    FROM approvals WHERE (status = 'pending' AND expires_at > now()) OR (status = 'approved' AND told_at IS NULL)`,
};

/** The rows of these kinds, as a query: kind, subject, id, status, since, amount_minor, currency and so on. */
export const work = (kinds: readonly WorkKind[]) =>
  sql.join(
    // The first names the columns.
    [sql`${PARTS.order} AND false`, ...kinds.map((kind) => PARTS[kind])],
    sql` UNION ALL `,
  );

function where(filter: WorkFilter): SQL {
  const conditions = [
    sql`(kind IN (${list(PERSON_KINDS)}) OR since < now() - ${filter.olderThanMinutes} * interval '1 minute')`,
  ];
  if (filter.orderId !== undefined) conditions.push(sql`order_id = ${filter.orderId}`);
  if (filter.sellerId !== undefined) conditions.push(sql`seller_id = ${filter.sellerId}`);
  if (filter.currency !== undefined) conditions.push(sql`currency = ${filter.currency}`);
  if (filter.minAmountMinor !== undefined) conditions.push(sql`amount_minor >= ${filter.minAmountMinor}`);
  if (filter.error !== undefined)
    conditions.push(sql`position(lower(${filter.error}) IN lower(last_error)) > 0`);
  if (filter.subjects !== undefined)
    conditions.push(filter.subjects.length === 0 ? sql`false` : sql`subject IN (${list(filter.subjects)})`);
  return sql.join(conditions, sql` AND `);
}

const list = (values: readonly string[]) =>
  sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  );

type Raw = {
  kind: WorkKind;
  subject: string;
  id: string;
  order_id: string | null;
  seller_id: string | null;
  status: string;
  since: string;
  looked_at: string | null;
  amount_minor: string | null;
  currency: string | null;
  last_error: string | null;
  waiting_for: string | null;
  next_at: string | null;
  retry_count: number | null;
};

/** The oldest first. */
export async function listWork(
  db: Db | Tx,
  filter: WorkFilter,
  { limit, offset = 0 }: { readonly limit: number; readonly offset?: number },
): Promise<WorkRow[]> {
  const rows = await db.execute<Raw>(sql`
    SELECT * FROM (${work(filter.kinds ?? WORK_KINDS)}) AS work WHERE ${where(filter)}
    ORDER BY since, subject, id LIMIT ${limit} OFFSET ${offset}`);
  return rows.map((row) => ({
    kind: row.kind,
    subject: row.subject,
    id: row.id,
    orderId: row.order_id,
    sellerId: row.seller_id,
    status: row.status,
    since: new Date(row.since),
    lookedAt: dateOrNull(row.looked_at),
    money:
      row.amount_minor === null || row.currency === null
        ? null
        : { amountMinor: Number(row.amount_minor), currency: row.currency },
    lastError: row.last_error,
    waitingFor: row.waiting_for,
    nextAttemptAt: dateOrNull(row.next_at),
    retryCount: row.retry_count,
  }));
}

const dateOrNull = (text: string | null) => (text === null ? null : new Date(text));

export interface WorkSum {
  readonly kind: WorkKind;
  readonly count: number;
  readonly oldest: Date;
  /** The sums, one for each currency; empty where the kind has no money. */
  readonly totals: readonly Money[];
}

/** Counts and sums of each kind. */
export async function sumWork(db: Db, filter: WorkFilter): Promise<WorkSum[]> {
  const rows = await db.execute<{
    kind: WorkKind;
    currency: string | null;
    count: number;
    oldest: string;
    amount_minor: string | null;
  }>(sql`
    SELECT kind, currency, count(*)::int AS count, min(since) AS oldest, sum(amount_minor)::text AS amount_minor
    FROM (${work(filter.kinds ?? WORK_KINDS)}) AS work WHERE ${where(filter)}
    GROUP BY kind, currency ORDER BY kind, currency`);
  return WORK_KINDS.flatMap((kind) => {
    const own = rows.filter((row) => row.kind === kind);
    if (own.length === 0) return [];
    return {
      kind,
      count: own.reduce((count, row) => count + row.count, 0),
      oldest: new Date(Math.min(...own.map((row) => new Date(row.oldest).getTime()))),
      totals: own.flatMap(({ currency, amount_minor: amountMinor }) =>
        currency === null || amountMinor === null ? [] : { amountMinor: Number(amountMinor), currency },
      ),
    };
  });
}
