import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** Tells that the copy was fetched, the first time that it was. */
export const exportDownloaded: MailTemplate<PrivacyMailParams['export_downloaded']> = (
  { at },
  { appUrl },
) => ({
  subject: 'The copy of your data was fetched',
  lines: [
    `Somebody who is signed in as you fetched the copy of your data at ${minuteOf(at)}.`,
    'If it was not you, change your password: that ends all sessions but yours.',
  ],
  link: { label: 'See where you are signed in', url: `${appUrl}/settings/sessions` },
});
