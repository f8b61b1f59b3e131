import { mailWorkflowId } from '../../../domain/accounts/ids.ts';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { type Act, clearFlags, lockNamed, writeAuditLog } from '../../kernel/index.ts';
import { lockMail } from './lock.ts';
import { type MailRow, transitionMail } from './transition.ts';

/** An operator queues a mail again that was given up; it is tried for another day. Throws `mail_not_found` and `mail_not_given_up`. */
export async function resendMail(
  tx: Tx,
  { mailId, ...act }: Act & { readonly mailId: string },
): Promise<MailRow> {
  const mail = await lockNamed(tx, 'mail', mailId, lockMail);
  if (mail.status !== 'given_up') {
    throw new VezaError('mail_not_given_up', `The mail is ${mail.status}.`, { status_now: mail.status });
  }
  const queued = await transitionMail(tx, mail, 'queued', {
    queuedAt: new Date(),
    attempts: 0,
    errorCode: null,
  });
  const subject = mailWorkflowId(mailId);
  await clearFlags(tx, 'mail_gave_up', subject);
  const [before, after] = [{ status: mail.status }, { status: queued.status }];
  await writeAuditLog(tx, act, { action: 'mail.resend', subject, before, after });
  return queued;
}
