import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells that the second factor guards the account. */
export const twoFactorOn: MailTemplate<AccountMailParams['two_factor_on']> = (_, { appUrl }) => ({
  subject: 'Your second factor is on',
  lines: [
    'From now on signing in asks for a code. Keep your backup codes where you find them without your phone.',
    'If it was not you, change your password at once.',
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
