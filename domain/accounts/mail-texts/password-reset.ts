import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Brings the link by which a new password is chosen; sent in the request. */
export const passwordReset: MailTemplate<AccountMailParams['password_reset']> = ({ url }) => ({
  subject: 'Choose a new password',
  lines: ['Somebody asked for a new password of the account with this address.'],
  link: { label: 'Choose a new password', url },
  after: [
    'The link is good for an hour, once. A new password ends all sessions.',
    'If it was not you, do nothing: the password stays as it is.',
  ],
});
