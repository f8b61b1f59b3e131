import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';
import { paidFacts } from './paid-facts.ts';

/** Tells that a plan is paid after refused charges. */
export const subscriptionRecovered: MailTemplate<SubscriptionMailParams['subscription_recovered']> = (
  paid,
  { appUrl },
) => ({
  subject: `Your plan ${paid.plan} goes on`,
  lines: ['Your payment arrived, and your plan goes on.'],
  facts: paidFacts(paid),
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
