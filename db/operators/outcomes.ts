import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { isCurrent } from '../kernel/index.ts';

export const OUTCOME_KINDS = ['payment', 'refund', 'transfer', 'reversal', 'webhook'] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/** How the work that began in a period has ended so far. */
export interface Outcomes {
  readonly kind: OutcomeKind;
  readonly succeeded: number;
  /** Failed for good. */
  readonly failed: number;
  readonly open: number;
}

/** How far back `countOutcomes` looks. */
export const OUTCOMES_MAX_HOURS = 7 * 24;

/** A transfer that a person retried counts once, as its latest retry does; so does a reversal. */
export async function countOutcomes(db: Db, hours: number): Promise<Outcomes[]> {
  const since = sql`now() - ${Math.min(hours, OUTCOMES_MAX_HOURS)} * interval '1 hour'`;
  const rows = await db.execute<{ kind: OutcomeKind; succeeded: number; failed: number; open: number }>(sql`
    SELECT kind,
      count(*) FILTER (WHERE ended)::int AS succeeded,
      count(*) FILTER (WHERE NOT ended)::int AS failed,
      count(*) FILTER (WHERE ended IS NULL)::int AS open
    FROM (
      SELECT 'payment' AS kind, CASE status WHEN 'pending' THEN NULL WHEN 'failed' THEN false ELSE true END AS ended
      FROM orders WHERE created_at > ${since}
      UNION ALL
      SELECT 'refund', CASE status WHEN 'pending' THEN NULL WHEN 'succeeded' THEN true ELSE false END
      FROM refunds WHERE created_at > ${since}
      UNION ALL
      SELECT 'transfer', CASE WHEN completed_at IS NOT NULL THEN true
        WHEN status IN ('permanently_failed', 'settled_outside', 'written_off') THEN false END
      FROM seller_transfers AS one WHERE created_at > ${since}
        AND ${isCurrent(sql`seller_transfers`)}
      UNION ALL
      SELECT 'reversal', CASE status WHEN 'pending' THEN NULL WHEN 'reversed' THEN true ELSE false END
      FROM transfer_reversals AS one WHERE created_at > ${since} AND refund_id IS NOT NULL AND status <> 'withdrawn'
        AND ${isCurrent(sql`transfer_reversals`)}
      UNION ALL
      SELECT 'webhook', CASE WHEN outcome = 'received' THEN NULL ELSE outcome IN ('signalled', 'ignored', 'other_mode') END
      FROM webhook_events WHERE received_at > ${since}
    ) AS begun GROUP BY kind`);
  const found = new Map(rows.map((row) => [row.kind, row]));
  return OUTCOME_KINDS.map((kind) => found.get(kind) ?? { kind, succeeded: 0, failed: 0, open: 0 });
}
