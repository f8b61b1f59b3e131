import { minuteOf, type MailTemplate, withoutLinks } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells of a sign-in from a place that was not seen lately. */
export const newSignIn: MailTemplate<AccountMailParams['new_sign_in']> = (
  { at, client, browser },
  { appUrl },
) => ({
  subject: 'A new sign-in to your account',
  lines: ['Somebody signed in to your account from a place that was not seen lately.'],
  facts: [
    ['When', minuteOf(at)],
    ['From', client ?? 'unknown'],
    ['Browser', browser === null ? 'unknown' : withoutLinks(browser)],
  ],
  link: { label: 'Look at your sessions', url: `${appUrl}/account/sessions` },
  after: ['If it was not you, end that session, and change your password.'],
});
