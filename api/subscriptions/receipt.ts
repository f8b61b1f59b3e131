import type { Db } from '../../db/client.ts';
import { readInvoice } from '../../db/subscriptions/read/invoices.ts';
import type { MailAttachment } from '../../domain/accounts/index.ts';
import { invoicePdf } from './invoice-pdf.ts';

/** The PDF of a paid invoice, as it goes with its receipt; null where there is none. */
export async function receiptOf(db: Db, invoiceId: string): Promise<MailAttachment | null> {
  const invoice = await readInvoice(db, invoiceId);
  if (invoice === null) return null;
  const { number, issuer, paidAt, periodStart, periodEnd } = invoice;
  if (number === null || issuer === null || paidAt === null || periodStart === null || periodEnd === null)
    return null;
  const content = await invoicePdf({ ...invoice, number, issuer, paidAt, periodStart, periodEnd });
  return { filename: `${number}.pdf`, contentType: 'application/pdf', content };
}
