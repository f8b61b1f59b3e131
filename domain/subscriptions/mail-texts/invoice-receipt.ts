import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';
import { paidFacts } from './paid-facts.ts';

/** The receipt of an invoice; its PDF is attached. */
export const invoiceReceipt: MailTemplate<SubscriptionMailParams['invoice_receipt']> = (
  paid,
  { appUrl },
) => ({
  subject: paid.number === null ? 'Your receipt' : `Your receipt ${paid.number}`,
  lines: ['We received your payment. The invoice is attached.'],
  facts: paidFacts(paid),
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
