import { afterAttempt, type MailAttempt, type MailTerms } from '../../../domain/accounts/mail-attempts.ts';
import { mailWorkflowId } from '../../../domain/accounts/ids.ts';
import type { MailResult } from '../../../domain/accounts/mailer.ts';
import type { Db } from '../../client.ts';
import { clearFlags, MissingRow, raiseFlag } from '../../kernel/index.ts';
import { lockMail } from './lock.ts';
import { transitionMail } from './transition.ts';

/** What a mail that will not be sent again keeps: neither where it went nor what it said. */
const EMPTIED = { recipient: null, params: null, nextAttemptAt: null } as const;

/**
 * Records what the mail server made of a mail, or that its person is erased. What it will not be asked to take again is
 * emptied; what it did not take for a day is kept, and an operator is told.
 */
export async function recordMailAttempt(
  db: Db,
  mailId: string,
  result: MailResult | { readonly kind: 'erased' },
  terms: MailTerms,
): Promise<MailAttempt> {
  return db.transaction(async (tx) => {
    const mail = await lockMail(tx, mailId).catch((error: unknown) => {
      if (error instanceof MissingRow) return null;
      throw error;
    });
    if (mail === null) return { ended: true, status: 'gone', code: null };
    const { status, errorCode, queuedAt } = mail;
    if (status !== 'queued') return { ended: true, status, code: errorCode };
    if (result.kind === 'erased') {
      await transitionMail(tx, mail, 'refused', { ...EMPTIED, errorCode: 'erased' });
      return { ended: true, status: 'refused', code: 'erased' };
    }
    const now = new Date();
    const attempts = mail.attempts + 1;
    const next = afterAttempt(result, { queuedAt, attempts: mail.attempts, now }, terms);
    const tried = { attempts, errorCode: next.code };
    if (next.to === 'queued') {
      const nextAttemptAt = new Date(now.getTime() + next.delayMs);
      await transitionMail(tx, mail, 'queued', { ...tried, nextAttemptAt });
      const { code, delayMs } = next;
      return { ended: false, attempts, code, delayMs, nextAttemptAt: nextAttemptAt.toISOString() };
    }
    const emptied = next.to === 'given_up' ? { nextAttemptAt: null } : EMPTIED;
    await transitionMail(tx, mail, next.to, { ...tried, ...emptied });
    const subject = mailWorkflowId(mailId);
    if (next.to === 'given_up')
      await raiseFlag(
        tx,
        'mail_gave_up',
        subject,
        `The mail server has not taken it for a day: ${next.code}.`,
      );
    else await clearFlags(tx, 'mail_gave_up', subject);
    return { ended: true, status: next.to, code: next.code };
  });
}
