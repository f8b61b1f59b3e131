import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** Reminds of the last days in which a closing can be taken back. */
export const deletionReminder: MailTemplate<PrivacyMailParams['deletion_reminder']> = (
  { final_at: finalAt },
  { appUrl },
) => ({
  subject: 'Your account will be erased soon',
  lines: [
    `You closed your account. Not before ${minuteOf(finalAt)} everything personal in it is erased for good.`,
    'Until then you can sign in, fetch a copy of your data, and take the closing back.',
  ],
  link: { label: 'Take it back', url: `${appUrl}/settings/account` },
});
