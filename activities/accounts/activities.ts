import { readMailToSend, recordMailAttempt } from '../../db/accounts/index.ts';
import type { MailAttempt, MailResult } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { textOfMail } from '../../domain/mails.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { AccountsDeps } from './deps.ts';
import { startMails } from './start-mails.ts';

/** Mails whose workflows are started in one activity. */
const BATCH = 200;

/** The sending of mails. Nothing that these return names anybody. */
export function createAccountsActivities(deps: AccountsDeps) {
  const { db, mailer, settings, log } = deps;

  async function send(mailId: string): Promise<MailResult | { readonly kind: 'erased' } | null> {
    const mail = await readMailToSend(db, mailId);
    if (mail.status === 'erased') return { kind: 'erased' };
    if (mail.status !== 'queued') return null;
    const { appUrl } = settings.mail;
    return mailer.send({
      to: mail.to,
      messageId: `<${mailId}@${new URL(appUrl).hostname}>`,
      ...textOfMail(mail.text, { appUrl }),
      attachments: await deps.attachmentsOf(mail.text),
    });
  }

  return {
    /** Asks the mail server once to take a mail, and records what it said. */
    attemptMail: (mailId: string): Promise<MailAttempt> =>
      whileHeartbeating(async () => {
        const result = await send(mailId).catch((error: unknown) => {
          // Keys may come back within the day: a mail is not lost for that.
          if (error instanceof VezaError && error.code === 'personal_data_unreadable')
            return { kind: 'unknown', code: error.code, at: 'mail' } as const;
          throw error;
        });
        // Whatever ended it, its row says so.
        const told = result ?? { kind: 'unknown', code: 'not_queued', at: 'mail' };
        const attempt = await recordMailAttempt(db, mailId, told, settings.mail);
        if (!attempt.ended || attempt.status === 'refused' || attempt.status === 'given_up')
          log.warn({ mailId, ...attempt }, 'a mail was not taken');
        return attempt;
      }),

    /** Starts the workflows of a batch of mails that wait and have none. Returns behind which to go on; null: none is left. */
    startWaitingMails: (after: string | null): Promise<string | null> =>
      whileHeartbeating(async () => {
        const { starts, next } = await startMails(deps, { after, limit: BATCH });
        const failed = starts.find((start) => start.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
        return next;
      }),
  };
}
