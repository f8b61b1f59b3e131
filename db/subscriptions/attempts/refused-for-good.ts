import { and, desc, eq, isNotNull } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { invoicePayments } from '../invoices/schema.ts';

/** Whether the bank of this card has said, at the invoice's last attempt with it, that it must not be charged again without its holder. */
export async function isRefusedForGood(tx: Tx, invoiceId: string, paymentMethodId: string): Promise<boolean> {
  const [last] = await tx
    .select({ declineClass: invoicePayments.declineClass })
    .from(invoicePayments)
    .where(
      and(
        eq(invoicePayments.invoiceId, invoiceId),
        eq(invoicePayments.paymentMethodId, paymentMethodId),
        isNotNull(invoicePayments.declineClass),
      ),
    )
    .orderBy(desc(invoicePayments.attempt))
    .limit(1);
  return last?.declineClass === 'final';
}
