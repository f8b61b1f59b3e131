import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Asks whoever registered to prove that the address is theirs; sent in the request. */
export const verifyEmail: MailTemplate<AccountMailParams['verify_email']> = ({ url }) => ({
  subject: 'Confirm your address',
  lines: ['Somebody made an account with this address. If it was you, confirm the address.'],
  link: { label: 'Confirm the address', url },
  after: [
    'The link is good for 24 hours, once.',
    'If it was not you, do nothing: the account is removed after 7 days.',
  ],
});
