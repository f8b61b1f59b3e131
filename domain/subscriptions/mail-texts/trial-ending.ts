import { formatMoney, minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Reminds of the first charge after a trial. */
export const trialEnding: MailTemplate<SubscriptionMailParams['trial_ending']> = (
  { plan, at, amount, currency },
  { appUrl },
) => ({
  subject: `Your trial of ${plan} ends soon`,
  lines: [
    `Your trial ends on ${minuteOf(at)}. Then ${formatMoney(amount, currency)} are charged to your card.`,
    'Cancel before, and nothing is charged.',
  ],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
