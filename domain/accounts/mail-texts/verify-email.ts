import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Asks whoever registered to prove that the address is theirs; sent in the request. */
export const verifyEmail: MailTemplate<AccountMailParams['verify_email']> = ({ url, replaces }) => ({
  subject: 'Confirm your address',
  lines: [
    'Somebody made an account with this address. If it was you, confirm the address.',
    ...(replaces
      ? [
          'There is an account with this address already, which is signed in to by another provider. The link puts the password that was just chosen in the place of that: its sessions, keys and links to providers end.',
        ]
      : []),
  ],
  link: { label: 'Confirm the address', url },
  after: [
    'The link is good for 24 hours, once.',
    replaces
      ? 'If it was not you who chose a password, do nothing: nothing changes.'
      : 'If it was not you, do nothing: the account is removed after 7 days.',
  ],
});
