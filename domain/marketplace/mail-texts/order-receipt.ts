import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { MarketplaceMailParams } from '../mails.ts';

/** The receipt of an order. */
export const orderReceipt: MailTemplate<MarketplaceMailParams['order_receipt']> = (
  { order_id: orderId, amount, currency, items },
  { appUrl },
) => ({
  subject: 'Your receipt',
  lines: ['We received your payment, and your order is complete.'],
  facts: [
    ['Order', orderId],
    ['Products', String(items)],
    ['Paid', formatMoney(amount, currency)],
  ],
  link: { label: 'Look at your order', url: `${appUrl}/orders/${orderId}` },
});
