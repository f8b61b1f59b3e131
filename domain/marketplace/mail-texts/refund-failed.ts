import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { MarketplaceMailParams } from '../mails.ts';

/** Tells the buyer that a refund failed. */
export const refundFailed: MailTemplate<MarketplaceMailParams['refund_failed']> = (
  { order_id: orderId, amount, currency },
  { appUrl },
) => ({
  subject: 'Your refund failed',
  lines: [
    `${formatMoney(amount, currency)} of your order could not be given back. What you bought is still yours.`,
    'Ask for it again, or write to the support.',
  ],
  facts: [['Order', orderId]],
  link: { label: 'Look at your order', url: `${appUrl}/orders/${orderId}` },
});
