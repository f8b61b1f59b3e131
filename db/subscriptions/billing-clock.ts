import { type SQL, sql } from 'drizzle-orm';
import { type BillingTime, billingMs } from '../../domain/subscriptions/billing-time.ts';
import type { Db, Tx } from '../client.ts';

/**
 * Billing time now, by the database's clock, which all processes share. With `ago`, as it was that many real
 * milliseconds ago.
 */
export function billingNow({ scale, startMs }: BillingTime, agoMs = 0): SQL<Date> {
  const real = sql`clock_timestamp() - make_interval(secs => ${agoMs / 1000}::float8)`;
  const start = sql`to_timestamp(${startMs / 1000}::float8)`;
  return scale === 1
    ? sql<Date>`(${real})`
    : sql<Date>`(CASE WHEN ${real} < ${start} THEN ${real} ELSE ${start} + (${real} - ${start}) * ${scale} END)`;
}

/** Reads billing time. In a transaction that has locked its rows, so that nobody decides by an older time. */
export async function readBillingClock(db: Db | Tx, time: BillingTime): Promise<Date> {
  const [row] = await db.execute<{ real_ms: number }>(
    sql`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS real_ms`,
  );
  if (row === undefined) throw new Error('the database has no clock');
  return new Date(Math.floor(billingMs(time, row.real_ms)));
}
