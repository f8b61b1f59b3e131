import { type MailTemplate, withoutLinks } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells the old address that another one has taken its place. */
export const emailChanged: MailTemplate<AccountMailParams['email_changed']> = (
  { new_address: newAddress },
  { appUrl },
) => ({
  subject: 'Your address was changed',
  lines: [
    `The address of your account is ${withoutLinks(newAddress)} now. This one is not used any more.`,
    'If it was not you, write to the support.',
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
