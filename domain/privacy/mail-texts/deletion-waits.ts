import type { MailTemplate } from '../../kernel/index.ts';
import type { PrivacyMailParams } from '../mails.ts';
import { waitWordsOf } from '../waits.ts';

/** Tells what money an erasure waits for, and what its person may do about it. */
export const deletionWaits: MailTemplate<PrivacyMailParams['deletion_waits']> = ({ waits }, { appUrl }) => {
  const words = waits.split(',');
  const mayBePaidOut = words.includes('balance_available');
  return {
    subject: 'Your account is not erased yet',
    lines: [
      'The time has come to erase your account. It waits until money of yours has come to rest:',
      ...waitWordsOf(words).map((word) => `– ${word}`),
      ...(mayBePaidOut
        ? ['Connect an account that can be paid, and ask for a payout of your balance: then nothing is lost.']
        : []),
      'We look again and again, and erase the account as soon as nothing is left. You can still take it back.',
    ],
    link: { label: 'See what it waits for', url: `${appUrl}/settings/account` },
  };
};
