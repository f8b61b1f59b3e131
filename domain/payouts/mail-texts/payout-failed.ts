import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { PayoutsMailParams } from '../mails.ts';

/** Tells a seller that their bank did not take a payout. */
export const payoutFailed: MailTemplate<PayoutsMailParams['payout_failed']> = (
  { amount, currency },
  { appUrl },
) => ({
  subject: 'Your payout failed',
  lines: [
    `Your bank did not take ${formatMoney(amount, currency)}. The money is in your balance again.`,
    'Check your bank account where you are paid, then ask for the payout again.',
  ],
  link: { label: 'Look at your payouts', url: `${appUrl}/seller/payouts` },
});
