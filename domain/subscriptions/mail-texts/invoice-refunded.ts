import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that an invoice, or a part of it, is given back. */
export const invoiceRefunded: MailTemplate<SubscriptionMailParams['invoice_refunded']> = (
  { number, amount, currency },
  { appUrl },
) => ({
  subject: 'We give money back to you',
  lines: [
    `We give ${formatMoney(amount, currency)} back to you${number === null ? '' : ` for invoice ${number}`}.`,
    'Your bank shows it within some days.',
  ],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
