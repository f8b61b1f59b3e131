import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Invites somebody for whom an admin made an account. */
export const invitation: MailTemplate<AccountMailParams['invitation']> = ({
  url,
  expires_at: expiresAt,
}) => ({
  subject: 'You are invited',
  lines: ['An account was made for you. Choose a password, and it is yours.'],
  link: { label: 'Choose a password', url },
  after: [`The link is good until ${minuteOf(expiresAt)}, once.`],
});
