import { formatMoney, type MailTemplate } from '../../kernel/index.ts';
import type { PayoutsMailParams } from '../mails.ts';

/** Tells a seller that a payout reached their bank. */
export const payoutPaid: MailTemplate<PayoutsMailParams['payout_paid']> = (
  { amount, currency },
  { appUrl },
) => ({
  subject: 'Your payout is paid',
  lines: [`${formatMoney(amount, currency)} were paid to your bank account.`],
  link: { label: 'Look at your payouts', url: `${appUrl}/seller/payouts` },
});
