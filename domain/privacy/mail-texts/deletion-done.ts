import type { MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';

/** The last mail: what goes now, what stays, and why. Its link needs no sign-in. */
export const deletionDone: MailTemplate<PrivacyMailParams['deletion_done']> = ({ sold }, { appUrl }) => ({
  subject: 'Your account is erased now',
  lines: [
    'What is personal in your account is erased now. This is our last mail to this address.',
    'Orders, invoices and what was paid stay without your name and address, since the law has us keep books.',
    ...(sold
      ? [
          'What others bought of you stays theirs, by a former member.',
          'Your account at Stripe is yours: we cannot close it. Sign in at Stripe to do so.',
        ]
      : []),
  ],
  link: { label: 'What stays, and why', url: `${appUrl}/privacy` },
});
