import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';
import { paidFacts } from './paid-facts.ts';

/** Tells that a plan is paid and has begun. */
export const subscriptionStarted: MailTemplate<SubscriptionMailParams['subscription_started']> = (
  paid,
  { appUrl },
) => ({
  subject: `Your plan ${paid.plan} has begun`,
  lines: [`Your plan ${paid.plan} is paid, and all that it has is yours.`],
  facts: paidFacts(paid),
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
