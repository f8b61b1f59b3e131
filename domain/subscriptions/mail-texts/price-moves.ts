import { dayOf, formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells of another price, and from when it counts. */
export const priceMoves: MailTemplate<SubscriptionMailParams['price_moves']> = (
  { plan, amount_now: nowMinor, amount_then: thenMinor, currency, not_before: notBefore },
  { appUrl },
) => ({
  subject: `The price of ${plan} changes`,
  lines: [
    `Your plan ${plan} costs ${formatMoney(nowMinor, currency)} now, and ${formatMoney(thenMinor, currency)} from its first renewal after ${dayOf(notBefore)}.`,
    'If you do not want that, cancel before.',
  ],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
