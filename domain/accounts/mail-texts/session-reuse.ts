import { minuteOf, type MailTemplate } from '../../kernel/index.ts';
import type { AccountMailParams } from '../mails.ts';

/** Tells that a session was ended, since somebody else had its token. */
export const sessionReuse: MailTemplate<AccountMailParams['session_reuse']> = ({ at }, { appUrl }) => ({
  subject: 'A session was ended: its token was used twice',
  lines: [
    `On ${minuteOf(at)} a token of one of your sessions was used a second time, so somebody may have copied it.`,
    'We ended that session. Sign in again, and change your password if you did not copy it yourself.',
  ],
  link: { label: 'Look at your sessions', url: `${appUrl}/account/sessions` },
});
