import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a cancellation was taken back. */
export const subscriptionTakenBack: MailTemplate<SubscriptionMailParams['subscription_taken_back']> = (
  { plan, renews_at: renewsAt },
  { appUrl },
) => ({
  subject: `Your plan ${plan} goes on`,
  lines: [
    `The cancellation of your plan ${plan} was taken back.`,
    ...(renewsAt === null ? [] : [`It renews on ${minuteOf(renewsAt)}.`]),
  ],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
