import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells that the second factor guards the account no more. */
export const twoFactorOff: MailTemplate<AccountMailParams['two_factor_off']> = (_, { appUrl }) => ({
  subject: 'Your second factor is off',
  lines: [
    'From now on a password is enough to sign in to your account.',
    'If it was not you, change your password at once, and turn the second factor on again.',
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
