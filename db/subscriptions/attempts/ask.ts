import { eq, sql } from 'drizzle-orm';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import type { Db } from '../../client.ts';
import { readBillingClock } from '../billing-clock.ts';
import { hasEndingRefund } from '../invoices/ending-refund.ts';
import { type InvoicePayment, invoicePayments } from '../invoices/schema.ts';
import { lockAttempt } from '../lock.ts';
import { paymentMethods } from '../schema.ts';
import { isWanted } from './wanted.ts';

/** An attempt for which the PSP may be asked now. */
export interface AttemptToAsk {
  readonly attempt: InvoicePayment;
  /** The PSP's customer. */
  readonly userId: string;
  /** The PSP's id of the card on file; null where the buyer is there, or no card is. */
  readonly card: string | null;
}

/**
 * Writes down that the PSP is asked for an attempt's payment, before it is. Null where it is not wanted any more, has ended,
 * or was answered: a cancellation, or a refund that ends the subscription, before this call prevents the charge.
 */
export async function askAttempt(
  db: Db,
  attemptId: string,
  terms: Pick<InvoiceTerms, 'time' | 'renewalGraceMs'>,
): Promise<AttemptToAsk | null> {
  return db.transaction(async (tx) => {
    const locked = await lockAttempt(tx, attemptId);
    const { attempt, subscription } = locked;
    if (attempt.status !== 'pending' || attempt.providerStatus !== null) return null;
    const now = await readBillingClock(tx, terms.time);
    const isRefunded = await hasEndingRefund(tx, subscription, { now, terms });
    if (!isWanted({ ...locked, isRefunded })) return null;
    await tx
      .update(invoicePayments)
      .set({
        askedAt: sql`coalesce(${invoicePayments.askedAt}, clock_timestamp())`,
        lastAskedAt: sql`clock_timestamp()`,
      })
      .where(eq(invoicePayments.id, attemptId));
    const [card] =
      attempt.paymentMethodId === null
        ? []
        : await tx.select().from(paymentMethods).where(eq(paymentMethods.id, attempt.paymentMethodId));
    return { attempt, userId: subscription.userId, card: card?.providerPaymentMethodId ?? null };
  });
}
