import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Db } from '../../db/client.ts';
import { invoicePayments, invoices } from '../../db/subscriptions/invoices/schema.ts';
import { planPrices, subscriptions } from '../../db/subscriptions/schema.ts';

type AttemptValues = Partial<typeof invoicePayments.$inferInsert>;
type InvoiceValues = Partial<typeof invoices.$inferInsert>;

/** A month of Creator that was paid and is over, as rows alone: no workflow, no ledger. */
export async function paidInvoice(
  db: Db,
  userId: string,
  { invoice = {}, attempt = {} }: { readonly invoice?: InvoiceValues; readonly attempt?: AttemptValues } = {},
) {
  const [price] = await db
    .select()
    .from(planPrices)
    .where(and(eq(planPrices.planId, 'creator'), eq(planPrices.billingCycle, 'monthly')));
  if (price === undefined) throw new Error('there is no price of Creator');
  const [subscriptionId, invoiceId] = [uuidv7(), uuidv7()];
  const [periodStart, periodEnd] = [new Date('2025-01-01T00:00:00Z'), new Date('2025-02-01T00:00:00Z')];
  await db.insert(subscriptions).values({
    ...{ id: subscriptionId, userId, priceId: price.id, status: 'expired', createdAt: periodStart },
    ...{ endedAt: periodEnd, endReason: 'dunning_over' },
  });
  await db.insert(invoices).values({
    ...{ id: invoiceId, subscriptionId, priceId: price.id, reason: 'first', status: 'paid' },
    ...{ number: `T-${invoiceId}`, periodStart, periodEnd, amountMinor: 999, currency: 'USD' },
    ...{ hyperswitchPaymentId: invoiceId, issuedTo: { userId, email: 'a@veza.test' } },
    ...{ paidAt: periodStart, createdAt: periodStart, ...invoice },
  });
  const [row] = await db
    .insert(invoicePayments)
    .values({
      ...{ id: invoiceId, invoiceId, attempt: 1, onSession: true, amountMinor: 999, currency: 'USD' },
      ...{ status: 'succeeded', receivedMinor: 999, receivedCurrency: 'USD', ...attempt },
    })
    .returning();
  if (row === undefined) throw new Error('no attempt was inserted');
  return { subscriptionId, invoiceId, attempt: row };
}
