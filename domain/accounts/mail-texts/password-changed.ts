import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells that the password was changed. */
export const passwordChanged: MailTemplate<AccountMailParams['password_changed']> = (_, { appUrl }) => ({
  subject: 'Your password was changed',
  lines: [
    'The password of your account was changed, and all other sessions ended.',
    'If it was not you, choose a new password at once.',
  ],
  link: { label: 'Choose a new password', url: `${appUrl}/password-reset` },
});
