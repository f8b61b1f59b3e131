import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a change of the plan was not paid. */
export const changeFailed: MailTemplate<SubscriptionMailParams['change_failed']> = (
  { plan, amount, currency },
  { appUrl },
) => ({
  subject: `The change to ${plan} failed`,
  lines: [`${formatMoney(amount, currency)} for the change to ${plan} were not paid, so it is not made.`],
  link: { label: 'Look at your plan', url: `${appUrl}/subscription` },
});
