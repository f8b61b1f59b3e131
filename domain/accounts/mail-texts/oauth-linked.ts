import type { MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';
import { providerName } from './provider-name.ts';

/** Tells that an account elsewhere may sign in. */
export const oauthLinked: MailTemplate<AccountMailParams['oauth_linked']> = ({ provider }, { appUrl }) => ({
  subject: `${providerName(provider)} was linked to your account`,
  lines: [
    `Whoever signs in at ${providerName(provider)} as you is let in to your account from now on.`,
    'If it was not you, remove the link, and change your password.',
  ],
  link: { label: 'Look at your account', url: `${appUrl}/account` },
});
