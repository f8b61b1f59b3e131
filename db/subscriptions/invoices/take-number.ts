import { sql } from 'drizzle-orm';
import { numberIn } from '../../../domain/subscriptions/numbers.ts';
import type { Tx } from '../../client.ts';
import { invoiceCounters } from './schema.ts';

/**
 * Takes the next number of a series, and holds its counter until the transaction ends: the numbers of those that commit
 * follow each other without a gap. Taken last, since everybody who pays waits for it.
 */
export async function takeNumber(tx: Tx, series: string): Promise<string> {
  const [counter] = await tx
    .insert(invoiceCounters)
    .values({ series, lastNumber: 1 })
    .onConflictDoUpdate({
      target: invoiceCounters.series,
      set: { lastNumber: sql`${invoiceCounters.lastNumber} + 1` },
    })
    .returning();
  if (counter === undefined) throw new Error(`the series ${series} has no counter`);
  return numberIn(series, counter.lastNumber);
}
