import { formatMoney, minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that a charge was refused, and what comes next. */
export const paymentFailed: MailTemplate<SubscriptionMailParams['payment_failed']> = (
  { plan, amount, currency, next, next_at: nextAt },
  { appUrl },
) => ({
  subject: `The payment for ${plan} failed`,
  lines: [
    `Your bank did not pay ${formatMoney(amount, currency)} for your plan ${plan}.`,
    next === 'charged_again'
      ? `Your card is charged again${nextAt === null ? '' : ` on ${minuteOf(nextAt)}`}.`
      : `This card cannot pay any more. Put another one on file${nextAt === null ? '' : ` until ${minuteOf(nextAt)}`}.`,
  ],
  link: { label: 'Put another card on file', url: `${appUrl}/subscription/payment` },
});
