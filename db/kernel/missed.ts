import { sql } from 'drizzle-orm';
import type { Tx } from '../client.ts';

export interface Missed {
  /** When a look at the provider first did not find the object. */
  readonly missedAt: Date;
  /** Time until the look that may end the row; 0 where this one may. */
  readonly lookAgainInMs: number;
}

/** What it means for a row, by the database's clock, that a look at the provider found nothing. */
export async function missed(
  tx: Tx,
  row: { readonly missedAt: Date | null },
  gapMs: number,
): Promise<Missed> {
  const [clock] = await tx.execute<{ nowMs: number }>(
    sql`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`,
  );
  if (clock === undefined) throw new Error('the database has no clock');
  const missedAt = row.missedAt ?? new Date(clock.nowMs);
  const isFirst = row.missedAt === null;
  const leftMs = Math.ceil(missedAt.getTime() + gapMs - clock.nowMs);
  return { missedAt, lookAgainInMs: Math.max(leftMs, isFirst ? 1 : 0) };
}
