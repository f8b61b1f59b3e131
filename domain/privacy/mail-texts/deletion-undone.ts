import type { MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** Tells that a closed account is open again. */
export const deletionUndone: MailTemplate<PrivacyMailParams['deletion_undone']> = (_, { appUrl }) => ({
  subject: 'Your account is open again',
  lines: [
    'The closing of your account was taken back. What was hidden is to be seen again.',
    'Your API keys and your subscription do not come back by themselves.',
  ],
  link: { label: 'See your account', url: `${appUrl}/settings/account` },
  after: ['If it was not you, change your password: it is known to somebody.'],
});
