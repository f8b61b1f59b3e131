import { eq, sql } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { invoicePayments } from '../invoices/schema.ts';

/**
 * Whether the last call that asks for an attempt's payment may still arrive at the PSP: it went out less than `callMs`
 * ago, by the database's clock, which all workers share. It is asked for again and again: the first call says nothing.
 */
export async function mayStillArrive(db: Db, attemptId: string, callMs: number): Promise<boolean> {
  const { lastAskedAt, askedAt } = invoicePayments;
  const [row] = await db
    .select({
      may: sql<boolean>`coalesce(coalesce(${lastAskedAt}, ${askedAt}) > clock_timestamp()
        - make_interval(secs => ${callMs / 1000}::float8), false)`,
    })
    .from(invoicePayments)
    .where(eq(invoicePayments.id, attemptId));
  return row?.may === true;
}
