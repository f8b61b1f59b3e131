import { asc, eq, gt, inArray } from 'drizzle-orm';
import { invoiceSubject } from '../../domain/subscriptions/index.ts';
import type { Db } from '../client.ts';
import { disputes, refunds } from '../marketplace/index.ts';
import { invoicePayments, invoices } from '../subscriptions/index.ts';
import type { PaymentClaims } from './provider-claims.ts';

/** What the PSP should hold by an attempt to pay an invoice. */
export interface AttemptClaims extends PaymentClaims {
  readonly attemptId: string;
}

/** The next attempts, by id, also those that took nothing: the PSP may say otherwise. `only`: reads this one again. */
export async function readAttemptClaims(
  db: Db,
  ask: { readonly afterId: string | null; readonly limit: number } | { readonly only: string },
): Promise<AttemptClaims[]> {
  const page = await db
    .select({
      attemptId: invoicePayments.id,
      invoiceId: invoicePayments.invoiceId,
      status: invoicePayments.status,
      receivedMinor: invoicePayments.receivedMinor,
      receivedCurrency: invoicePayments.receivedCurrency,
      /** Refunds and disputes that name no payment are of the one that paid the invoice. */
      paidBy: invoices.hyperswitchPaymentId,
    })
    .from(invoicePayments)
    .innerJoin(invoices, eq(invoices.id, invoicePayments.invoiceId))
    .where(
      'only' in ask
        ? eq(invoicePayments.id, ask.only)
        : ask.afterId === null
          ? undefined
          : gt(invoicePayments.id, ask.afterId),
    )
    .orderBy(asc(invoicePayments.id))
    .limit('only' in ask ? 1 : ask.limit);
  const invoiceIds = [...new Set(page.map(({ invoiceId }) => invoiceId))];
  if (invoiceIds.length === 0) return [];
  const refundRows = await db.select().from(refunds).where(inArray(refunds.invoiceId, invoiceIds));
  const disputeRows = await db.select().from(disputes).where(inArray(disputes.invoiceId, invoiceIds));
  return page.map(({ attemptId, invoiceId, status, paidBy, receivedMinor, receivedCurrency }) => {
    const isOfThis = (row: { readonly invoiceId: string | null; readonly paymentId: string | null }) =>
      row.invoiceId === invoiceId && (row.paymentId ?? paidBy) === attemptId;
    const refundsOfThis = refundRows.filter(isOfThis);
    return {
      attemptId,
      subject: invoiceSubject(invoiceId),
      paymentId: attemptId,
      status,
      captured:
        receivedMinor === null || receivedCurrency === null
          ? null
          : { amountMinor: receivedMinor, currency: receivedCurrency },
      refundedMinor: refundsOfThis
        .filter((refund) => refund.status === 'succeeded')
        .reduce((sumMinor, refund) => sumMinor + refund.amountMinor, 0),
      refunds: refundsOfThis,
      disputes: disputeRows.filter(isOfThis),
    };
  });
}
