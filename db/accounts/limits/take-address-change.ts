import { sql } from 'drizzle-orm';
import type { Tx } from '../../client.ts';

export const ADDRESS_CHANGES_A_DAY = 5;

/**
 * Takes one of the five times in a day that a person may ask for another address: each writes to somebody who may know nothing
 * of it. It counts once the transaction is committed, and another of theirs waits until then. Returns null, or where none is left
 * the seconds until there is.
 */
export async function takeAddressChange(tx: Tx, scope: string): Promise<{ readonly waitS: number } | null> {
  const isOver = sql`counted.since <= clock_timestamp() - interval '1 day'`;
  const taken = await tx.execute(sql`
    INSERT INTO auth_failures AS counted (scope, failures, since) VALUES (${scope}, 1, clock_timestamp())
    ON CONFLICT (scope) DO UPDATE SET
      failures = CASE WHEN ${isOver} THEN 1 ELSE counted.failures + 1 END,
      since = CASE WHEN ${isOver} THEN clock_timestamp() ELSE counted.since END
    WHERE ${isOver} OR counted.failures < ${ADDRESS_CHANGES_A_DAY}
    RETURNING 1`);
  if (taken.length > 0) return null;
  const [row] = await tx.execute<{ wait_s: number }>(sql`
    SELECT extract(epoch FROM since + interval '1 day' - clock_timestamp())::float8 AS wait_s
    FROM auth_failures WHERE scope = ${scope}`);
  return { waitS: Math.max(Math.ceil(row?.wait_s ?? 1), 1) };
}
