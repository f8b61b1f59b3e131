import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';
import { providerName } from './provider-name.ts';

/** Tells that an account elsewhere may sign in no more. */
export const oauthUnlinked: MailTemplate<AccountMailParams['oauth_unlinked']> = (
  { provider },
  { appUrl },
) => ({
  subject: `${providerName(provider)} was unlinked from your account`,
  lines: [
    `A sign-in at ${providerName(provider)} does not open your account any more.`,
    'If it was not you, change your password at once.',
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
