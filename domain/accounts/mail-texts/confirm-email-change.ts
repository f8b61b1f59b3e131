import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Asks for the proof of a new address, at that address; sent in the request. */
export const confirmEmailChange: MailTemplate<AccountMailParams['confirm_email_change']> = ({ url }) => ({
  subject: 'Confirm your new address',
  lines: ['Somebody wants to use this address for their account. If it was you, confirm it.'],
  link: { label: 'Confirm the address', url },
  after: ['The link is good for 24 hours, once. If it was not you, do nothing.'],
});
