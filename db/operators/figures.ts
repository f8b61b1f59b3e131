import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { isCurrent } from '../kernel/index.ts';
import { STUCK_KINDS, type StuckKind } from './work.ts';

type OpenKind = 'order' | 'refund' | 'transfer' | 'reversal' | 'payout';

/** Open rows of one kind, status and currency. Minor units, seconds. */
interface OpenFigure {
  readonly kind: OpenKind;
  readonly status: string;
  readonly currency: string;
  readonly rows: number;
  readonly amountMinor: number;
  readonly oldestAgeS: number;
}

/** Pending refunds by step and age. */
interface RefundAgeFigure {
  /** `asking`: the PSP may not have the refund yet; `accepted`: it has, and its report is to come. */
  readonly step: 'asking' | 'accepted';
  readonly age: string;
  readonly rows: number;
}

interface WebhookFigure {
  readonly state: 'unprocessed' | 'unmatched';
  readonly rows: number;
  readonly oldestAgeS: number;
}

interface ApprovalFigure {
  /** `waiting`: for a second admin; `untold`: approved, and the engine was not notified yet. */
  readonly state: 'waiting' | 'untold';
  readonly rows: number;
}

export interface Figures {
  readonly open: readonly OpenFigure[];
  /** Rows that automation gave up on and nobody has taken up again. */
  readonly givenUp: readonly Omit<OpenFigure, 'oldestAgeS'>[];
  readonly refundAges: readonly RefundAgeFigure[];
  readonly webhooks: readonly WebhookFigure[];
  readonly approvals: readonly ApprovalFigure[];
  readonly flags: readonly { readonly kind: string; readonly rows: number }[];
  /** Null: no sweep of all phases has ended yet. */
  readonly lastSweepAt: Date | null;
}

const ageS = (column: SQL) => sql`coalesce(extract(epoch FROM now() - min(${column})), 0)::float8`;
const rows = sql`count(*)::int AS rows`;
/** A reversal has its transfer's currency: one index look-up each, as in `isCurrent`. */
const REVERSALS = sql`SELECT one.*,
    (SELECT currency FROM seller_transfers WHERE seller_transfers.id = one.transfer_id) AS currency
  FROM transfer_reversals AS one`;

// A transfer of 0 was refunded whole, and is left out; one that went out and is `permanently_failed` is counted by
// its reversal. Each part reads a partial index of only its rows (test/operators/figures.test.ts has the plans), so
// ended rows, which are nearly all, cost nothing here.
const OPEN = sql`
  SELECT 'order' AS kind, status, currency, ${rows}, sum(total_minor)::float8 AS amount, ${ageS(sql`created_at`)} AS age
  FROM orders WHERE status = 'pending' GROUP BY status, currency
  UNION ALL
  SELECT 'refund', status, currency, ${rows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
  FROM refunds WHERE status = 'pending' GROUP BY status, currency
  UNION ALL
  SELECT 'transfer', status, currency, ${rows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
  FROM seller_transfers AS one WHERE status IN ('pending', 'failed') AND ${isCurrent(sql`seller_transfers`)}
  GROUP BY status, currency
  UNION ALL
  SELECT 'reversal', status, currency, ${rows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
  FROM (${REVERSALS} WHERE one.status = 'pending') AS reversals GROUP BY status, currency
  UNION ALL
  SELECT 'payout', status, currency, ${rows}, sum(amount_minor)::float8, ${ageS(sql`created_at`)}
  FROM seller_payouts WHERE status = 'pending' GROUP BY status, currency`;

const GIVEN_UP = sql`
  SELECT 'transfer' AS kind, status, currency, ${rows}, sum(amount_minor)::float8 AS amount
  FROM seller_transfers AS one WHERE status = 'permanently_failed' AND completed_at IS NULL AND amount_minor > 0
    AND ${isCurrent(sql`seller_transfers`)}
  GROUP BY status, currency
  UNION ALL
  SELECT 'reversal', status, currency, ${rows}, sum(amount_minor - covered_minor)::float8
  FROM (${REVERSALS} WHERE one.status = 'permanently_failed' AND ${isCurrent(sql`transfer_reversals`)}) AS reversals
  GROUP BY status, currency`;

const REFUND_AGES = sql`
  SELECT CASE WHEN hyperswitch_refund_id IS NULL THEN 'asking' ELSE 'accepted' END AS step,
    CASE WHEN created_at > now() - interval '5 minutes' THEN 'under_5m'
      WHEN created_at > now() - interval '1 hour' THEN '5m_to_1h'
      WHEN created_at > now() - interval '1 day' THEN '1h_to_1d' ELSE 'over_1d' END AS age, ${rows}
  FROM refunds WHERE status = 'pending' GROUP BY 1, 2`;

const WEBHOOKS = sql`
  SELECT 'unprocessed' AS state, ${rows}, ${ageS(sql`received_at`)} AS age FROM webhook_events WHERE processed_at IS NULL
  UNION ALL
  SELECT 'unmatched', ${rows}, ${ageS(sql`received_at`)} FROM webhook_events WHERE outcome = 'unmatched'`;

const APPROVALS = sql`
  SELECT 'waiting' AS state, ${rows} FROM approvals WHERE status = 'pending' AND expires_at > now()
  UNION ALL
  SELECT 'untold', ${rows} FROM approvals WHERE status = 'approved' AND told_at IS NULL`;

const OPEN_SINCE = sql`
  SELECT 'order' AS kind, created_at AS since FROM orders WHERE status = 'pending'
  UNION ALL
  SELECT CASE WHEN hyperswitch_refund_id IS NULL THEN 'orphan' ELSE 'refund' END, created_at
  FROM refunds WHERE status = 'pending'
  UNION ALL
  SELECT 'transfer', created_at FROM seller_transfers AS one
  WHERE status IN ('pending', 'failed') AND ${isCurrent(sql`seller_transfers`)}
  UNION ALL
  SELECT 'reversal', created_at FROM transfer_reversals WHERE status = 'pending'
  UNION ALL
  SELECT 'payout', created_at FROM seller_payouts WHERE status = 'pending'
  UNION ALL
  SELECT 'webhook', received_at FROM webhook_events WHERE processed_at IS NULL OR outcome = 'unmatched'`;

const FLAGS = sql`SELECT kind, ${rows} FROM ops_flags WHERE cleared_at IS NULL GROUP BY kind`;

/** The queries of a reading, for tests of their plans. */
export const FIGURE_QUERIES = {
  OPEN,
  OPEN_SINCE,
  GIVEN_UP,
  REFUND_AGES,
  WEBHOOKS,
  APPROVALS,
  FLAGS,
} as const;

interface Row extends Record<string, unknown> {
  readonly kind: OpenKind;
  readonly status: string;
  readonly currency: string;
  readonly rows: number;
  readonly amount: number;
  readonly age: number;
}

/** How the business stands: some index scans, each only over open rows. */
export async function readFigures(db: Db): Promise<Figures> {
  // One after the other, on one connection: a scrape must not use up the pool.
  const open = await db.execute<Row>(OPEN);
  const givenUp = await db.execute<Row>(GIVEN_UP);
  const refundAges = await db.execute<RefundAgeFigure & Record<string, unknown>>(REFUND_AGES);
  const webhooks = await db.execute<{ state: WebhookFigure['state']; rows: number; age: number }>(WEBHOOKS);
  const approvals = await db.execute<ApprovalFigure & Record<string, unknown>>(APPROVALS);
  const flags = await db.execute<{ kind: string; rows: number }>(FLAGS);
  const [sweep] = await db.execute<{ at: string | null }>(
    sql`SELECT value_text AS at FROM platform_settings WHERE key = 'last_sweep_at'`,
  );
  return {
    open: open.map(({ amount: amountMinor, age: oldestAgeS, ...row }) => ({
      ...row,
      amountMinor,
      oldestAgeS,
    })),
    givenUp: givenUp.map(({ amount: amountMinor, ...row }) => ({ ...row, amountMinor })),
    refundAges,
    webhooks: webhooks.map(({ age: oldestAgeS, ...row }) => ({ ...row, oldestAgeS })),
    approvals,
    flags,
    lastSweepAt: sweep?.at ? new Date(sweep.at) : null,
  };
}

export type StuckAfterMs = Readonly<Record<StuckKind, number>>;

/** How many rows of each kind have been open for longer than its own threshold, in milliseconds. */
export async function readStuckFigures(db: Db, after: StuckAfterMs): Promise<Record<StuckKind, number>> {
  const thresholds = sql.join(
    STUCK_KINDS.map((kind) => sql`(${kind}::text, ${after[kind]} * interval '1 millisecond')`),
    sql`, `,
  );
  const counts = await db.execute<{ kind: StuckKind; rows: number }>(
    sql`SELECT open.kind, ${rows} FROM (${OPEN_SINCE}) AS open
      JOIN (VALUES ${thresholds}) AS threshold (kind, after) ON threshold.kind = open.kind
      WHERE open.since < now() - threshold.after GROUP BY open.kind`,
  );
  const counted = new Map(counts.map((row) => [row.kind, row.rows]));
  return Object.fromEntries(STUCK_KINDS.map((kind) => [kind, counted.get(kind) ?? 0])) as Record<
    StuckKind,
    number
  >;
}
