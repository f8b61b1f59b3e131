import { dayOf, formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Reminds of a year's renewal. */
export const yearRenewsSoon: MailTemplate<SubscriptionMailParams['year_renews_soon']> = (
  { plan, at, amount, currency },
  { appUrl },
) => ({
  subject: `Your year of ${plan} renews soon`,
  lines: [
    `Your plan ${plan} renews on ${dayOf(at)}. Then ${formatMoney(amount, currency)} are charged to your card.`,
    'Cancel before, and it ends with the year.',
  ],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
