import { sql } from 'drizzle-orm';
import type { Tx } from '../../client.ts';

const A_DAY = 5;

/**
 * Takes one mail from what an address may get in a request: one a minute, five a day. It counts once the transaction is
 * committed, and another for the same address waits until then. Returns false where there is none left.
 */
export async function takeMail(tx: Tx, scope: string): Promise<boolean> {
  const isOver = sql`counted.since <= clock_timestamp() - interval '1 day'`;
  const rows = await tx.execute(sql`
    INSERT INTO auth_failures AS counted (scope, failures, since, blocked_until)
    VALUES (${scope}, 1, clock_timestamp(), clock_timestamp() + interval '1 minute')
    ON CONFLICT (scope) DO UPDATE SET
      failures = CASE WHEN ${isOver} THEN 1 ELSE counted.failures + 1 END,
      since = CASE WHEN ${isOver} THEN clock_timestamp() ELSE counted.since END,
      blocked_until = clock_timestamp() + interval '1 minute'
    WHERE counted.blocked_until <= clock_timestamp() AND (${isOver} OR counted.failures < ${A_DAY})
    RETURNING 1`);
  return rows.length > 0;
}
