import { and, eq, inArray, isNull, ne } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { disputes } from '../../marketplace/index.ts';
import { invoices } from './schema.ts';

/**
 * Whether a dispute of what any invoice of a subscription took is open or lost, but for one. A dispute of a payment that is given
 * back does not count.
 */
export async function isStillDisputed(tx: Tx, subscriptionId: string, but?: string): Promise<boolean> {
  const own = tx
    .select({ id: invoices.id })
    .from(invoices)
    .where(eq(invoices.subscriptionId, subscriptionId));
  const [other] = await tx
    .select({ id: disputes.id })
    .from(disputes)
    .where(
      and(
        inArray(disputes.invoiceId, own),
        isNull(disputes.paymentId),
        inArray(disputes.status, ['open', 'lost']),
        but === undefined ? undefined : ne(disputes.id, but),
      ),
    )
    .limit(1);
  return other !== undefined;
}
