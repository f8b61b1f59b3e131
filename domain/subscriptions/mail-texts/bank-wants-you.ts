import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** Tells that the bank wants its customer to confirm a payment. */
export const bankWantsYou: MailTemplate<SubscriptionMailParams['bank_wants_you']> = (
  { plan, amount, currency },
  { appUrl },
) => ({
  subject: `Your bank wants you to confirm a payment`,
  lines: [
    `${formatMoney(amount, currency)} for your plan ${plan} wait for you: your bank asks you to confirm the payment.`,
  ],
  link: { label: 'Confirm the payment', url: `${appUrl}/subscription/payment` },
});
