import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells that wrong codes stopped the second factor for a while. */
export const twoFactorBlocked: MailTemplate<AccountMailParams['two_factor_blocked']> = (
  { until },
  { appUrl },
) => ({
  subject: 'Too many wrong codes',
  lines: [
    `Somebody who knows your password gave many wrong codes. No code is taken until ${minuteOf(until)}.`,
    'If it was not you, change your password: it is known to somebody.',
  ],
  link: { label: 'Choose a new password', url: `${appUrl}/password-reset` },
});
