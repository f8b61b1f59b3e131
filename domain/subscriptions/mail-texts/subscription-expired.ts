import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a plan has ended. */
export const subscriptionExpired: MailTemplate<SubscriptionMailParams['subscription_expired']> = (
  { plan },
  { appUrl },
) => ({
  subject: `Your plan ${plan} has ended`,
  lines: [`Your plan ${plan} has ended. What you made stays yours. You may subscribe again at any time.`],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
