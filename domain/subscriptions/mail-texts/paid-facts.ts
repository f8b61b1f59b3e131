import { dayOf, formatMoney, type MailContent } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';

/** What a paid invoice says of itself in a mail. */
export const paidFacts = ({
  plan,
  billing_cycle: cycle,
  amount,
  currency,
  number,
  period_start: from,
  period_end: to,
}: SubscriptionMailParams['invoice_receipt']): NonNullable<MailContent['facts']> => [
  ['Plan', `${plan}, ${cycle}`],
  ['Paid', formatMoney(amount, currency)],
  ...(number === null ? [] : [['Invoice', number] as const]),
  ...(from === null || to === null ? [] : [['Period', `${dayOf(from)} to ${dayOf(to)}`] as const]),
];
