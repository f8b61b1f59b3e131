import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a plan ends with its period. */
export const subscriptionCanceled: MailTemplate<SubscriptionMailParams['subscription_canceled']> = (
  { plan, ends_at: endsAt, cause },
  { appUrl },
) => ({
  subject: `Your plan ${plan} is canceled`,
  lines: [
    cause === 'dispute'
      ? `You disputed a payment at your bank, so your plan ${plan} ends.`
      : `You canceled your plan ${plan}.`,
    `It is yours until ${minuteOf(endsAt)}. Nothing more is charged.`,
  ],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
