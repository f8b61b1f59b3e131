import type { DatabaseWithSql } from '../database.ts';

/** What became of captured money that did not stay where it came for, by the payment's id. */
export interface GoneAndHeld {
  /** How much of a payment went back, in minor units: by refunds and by lost disputes. */
  readonly given: ReadonlyMap<string, number>;
  /** Payments that nothing took, and that operators know to be held: the PSP did not give all of them back. */
  readonly listed: ReadonlySet<string>;
}

export async function readListed({ sql }: Pick<DatabaseWithSql, 'sql'>): Promise<GoneAndHeld['listed']> {
  const rows = await sql<{ payment_id: string }[]>`
    SELECT coalesce(refunds.payment_id, refunds.order_id::text) AS payment_id
    FROM ops_flags AS flag JOIN refunds ON 'refund/' || refunds.id = flag.subject
    WHERE flag.kind = 'give_back_failed' AND flag.cleared_at IS NULL`;
  return new Set(rows.map(({ payment_id: id }) => id));
}
