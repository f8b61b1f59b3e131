import { and, eq, gte, isNull, or, sql } from 'drizzle-orm';
import { endingInvoice } from '../../../domain/subscriptions/gate.ts';
import type { InvoiceTerms } from '../../../domain/subscriptions/terms.ts';
import type { Tx } from '../../client.ts';
import { refunds } from '../../marketplace/index.ts';
import { type GateRows, readGateRows } from '../gate-rows.ts';
import type { Subscription } from '../schema.ts';
import { invoices } from './schema.ts';

type When = { readonly now: Date; readonly terms: Pick<InvoiceTerms, 'renewalGraceMs'> };

/** The invoice whose refund ends a subscription; null where none does. `now` is billing time. */
export const endingInvoiceOf = (
  { currentPeriodEnd }: Pick<Subscription, 'currentPeriodEnd'>,
  rows: GateRows,
  { now, terms }: When,
): GateRows['invoices'][number] | null =>
  endingInvoice(rows.subscription, rows.invoices, {
    nowMs: now.getTime(),
    graceMs: terms.renewalGraceMs,
    periodEndMs: currentPeriodEnd?.getTime() ?? null,
  });

/**
 * Whether a refund is under way that ends a locked subscription once it succeeds: of the whole of an invoice, or by an operator's
 * wish. An active one is charged for nothing until it has ended; all others charge nothing that such a refund would end. A second
 * payment that is given back is no refund of the invoice.
 */
export async function hasEndingRefund(tx: Tx, subscription: Subscription, when: When): Promise<boolean> {
  if (subscription.status !== 'active') return false;
  const open = await tx
    .select({ invoiceId: refunds.invoiceId })
    .from(refunds)
    .innerJoin(invoices, eq(invoices.id, refunds.invoiceId))
    .where(
      and(
        eq(invoices.subscriptionId, subscription.id),
        eq(refunds.status, 'pending'),
        isNull(refunds.paymentId),
        or(
          refunds.endsAccess,
          gte(refunds.amountMinor, sql`${invoices.amountMinor} - ${invoices.refundedMinor}`),
        ),
      ),
    );
  if (open.length === 0) return false;
  const ending = endingInvoiceOf(subscription, await readGateRows(tx, subscription), when);
  return open.some(({ invoiceId }) => invoiceId === ending?.id);
}
