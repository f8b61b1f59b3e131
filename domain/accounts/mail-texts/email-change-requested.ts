import { type MailTemplate, withoutLinks } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells the old address that another one is to take its place. */
export const emailChangeRequested: MailTemplate<AccountMailParams['email_change_requested']> = (
  { new_address: newAddress },
  { appUrl },
) => ({
  subject: 'Your address is to be changed',
  lines: [
    `Somebody who is signed in to your account wants to change its address to ${withoutLinks(newAddress)}.`,
    'It counts once it is confirmed there. If it was not you, change your password at once.',
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
