import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** Tells that the copy of somebody's data can be fetched. The link opens nothing without a sign-in. */
export const exportReady: MailTemplate<PrivacyMailParams['export_ready']> = (
  { export_id: exportId, expires_at: expiresAt },
  { appUrl },
) => ({
  subject: 'The copy of your data is ready',
  lines: [
    `You asked for a copy of what we hold on you. It is ready, and can be fetched until ${minuteOf(expiresAt)}.`,
    'You sign in to fetch it. Nobody else can.',
  ],
  link: { label: 'Fetch the copy', url: `${appUrl}/settings/exports/${exportId}` },
  after: ['If you did not ask for it, change your password: somebody else may have signed in as you.'],
});
