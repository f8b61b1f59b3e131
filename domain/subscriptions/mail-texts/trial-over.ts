import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a trial ended without a payment. */
export const trialOver: MailTemplate<SubscriptionMailParams['trial_over']> = ({ plan }, { appUrl }) => ({
  subject: `Your trial of ${plan} is over`,
  lines: [`Your trial of ${plan} has ended, and nothing was charged. You may subscribe at any time.`],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
