import type { MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** Tells that no copy could be made. */
export const exportFailed: MailTemplate<PrivacyMailParams['export_failed']> = (_, { appUrl }) => ({
  subject: 'The copy of your data could not be made',
  lines: [
    'You asked for a copy of what we hold on you, and we could not make it. We know of it and look after it.',
    'You may ask again at any time: this one does not count.',
  ],
  link: { label: 'Ask again', url: `${appUrl}/settings/exports` },
});
