import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';
import { paidFacts } from './paid-facts.ts';

/** Tells that a plan was changed. */
export const subscriptionChanged: MailTemplate<SubscriptionMailParams['subscription_changed']> = (
  paid,
  { appUrl },
) => ({
  subject: `Your plan is ${paid.plan} now`,
  lines: [`Your plan was changed to ${paid.plan}.`],
  facts: paidFacts(paid),
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
