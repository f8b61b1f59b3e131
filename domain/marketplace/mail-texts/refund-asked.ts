import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { MarketplaceMailParams } from '../mails.ts';

/** Tells the buyer that a refund is under way. */
export const refundAsked: MailTemplate<MarketplaceMailParams['refund_asked']> = (
  { order_id: orderId, amount, currency },
  { appUrl },
) => ({
  subject: 'Your refund is under way',
  lines: [
    `${formatMoney(amount, currency)} of your order are being given back. We tell you when it is done.`,
  ],
  facts: [['Order', orderId]],
  link: { label: 'Look at your order', url: `${appUrl}/orders/${orderId}` },
});
