import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { MarketplaceMailParams } from '../mails.ts';

/** Tells the buyer that money was given back. */
export const refundSucceeded: MailTemplate<MarketplaceMailParams['refund_succeeded']> = (
  { order_id: orderId, amount, currency },
  { appUrl },
) => ({
  subject: 'Your refund is done',
  lines: [`${formatMoney(amount, currency)} were given back to you. Your bank shows it within some days.`],
  facts: [['Order', orderId]],
  link: { label: 'Look at your order', url: `${appUrl}/orders/${orderId}` },
});
