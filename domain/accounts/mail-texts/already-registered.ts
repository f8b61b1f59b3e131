import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells the owner of an account that somebody registered with their address; sent in the request. */
export const alreadyRegistered: MailTemplate<AccountMailParams['already_registered']> = (_, { appUrl }) => ({
  subject: 'You have an account already',
  lines: [
    'Somebody tried to make an account with this address, which has one already.',
    'If it was you, sign in, or choose a new password where you sign in. If it was not you, do nothing.',
  ],
  link: { label: 'Sign in', url: `${appUrl}/login` },
});
