import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells that a backup code was used, and how many are left. */
export const backupCodeUsed: MailTemplate<AccountMailParams['backup_code_used']> = (
  { left },
  { appUrl },
) => ({
  subject: 'A backup code was used',
  lines: [
    'Somebody signed in to your account with one of your backup codes.',
    `${left} of them ${left === 1 ? 'is' : 'are'} left. If it was not you, change your password, and make new codes.`,
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
