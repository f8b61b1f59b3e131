import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** Tells that an account is closed, and until when that can be taken back. */
export const deletionScheduled: MailTemplate<PrivacyMailParams['deletion_scheduled']> = (
  { final_at: finalAt, keeps_public_tracks: keepsTracks },
  { appUrl },
) => ({
  subject: 'Your account is closed',
  lines: [
    `Your account is closed. Not before ${minuteOf(finalAt)} everything personal in it is erased for good.`,
    'Until then you can sign in, fetch a copy of your data, ask for a payout, and take the closing back.',
    ...(keepsTracks ? ['Your public tracks stay, and name nobody.'] : []),
  ],
  link: { label: 'Take it back', url: `${appUrl}/settings/account` },
  after: ['If you did not ask for it, take it back and change your password.'],
});
