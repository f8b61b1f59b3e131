import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a trial has begun, and until when it lasts. */
export const trialStarted: MailTemplate<SubscriptionMailParams['trial_started']> = (
  { plan, ends_at: endsAt },
  { appUrl },
) => ({
  subject: `Your trial of ${plan} has begun`,
  lines: [`You may try ${plan} until ${minuteOf(endsAt)}. Cancel before, and nothing is charged.`],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
