import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { OUTSIDE_FOR_MS } from './sweep.ts';

/** A limit, so that even the first sweep over a database of years ends within its time. */
const RETIRED_AT_ONCE = 10_000;

/** Takes payments that are too old to change out of the queue of looks. */
export async function retireLooks(db: Db): Promise<void> {
  await db.execute(sql`
    UPDATE orders SET outside_over = true WHERE id IN (
      SELECT id FROM orders
      WHERE captured_minor IS NOT NULL AND NOT outside_over
        AND coalesce(completed_at, created_at) <= now() - ${OUTSIDE_FOR_MS} * interval '1 millisecond'
      ORDER BY coalesce(completed_at, created_at) LIMIT ${RETIRED_AT_ONCE})`);
  await db.execute(sql`
    UPDATE invoice_payments SET outside_over = true WHERE id IN (
      SELECT id FROM invoice_payments
      WHERE received_minor IS NOT NULL AND NOT outside_over
        AND coalesce(captured_at, created_at) <= now() - ${OUTSIDE_FOR_MS} * interval '1 millisecond'
      ORDER BY coalesce(captured_at, created_at) LIMIT ${RETIRED_AT_ONCE})`);
}
