import { eq } from 'drizzle-orm';
import type { MailStatus } from '../../../domain/accounts/mail-machine.ts';
import type { MailText } from '../../../domain/mails.ts';
import type { Db } from '../../client.ts';
import { mails, users } from '../schema.ts';
import { openParams, openRecipient } from './open.ts';

export type MailToSend =
  /** Nothing is to be sent. */
  | { readonly status: Exclude<MailStatus, 'queued'> | 'gone' }
  /** Whoever it was for has left, or what it said was erased with them. */
  | { readonly status: 'erased' }
  | { readonly status: 'queued'; readonly to: string; readonly about: string; readonly text: MailText };

/** A mail as it is to be sent now: to the address that its person has at this moment, unless it names one. Throws `personal_data_unreadable`. */
export async function readMailToSend(db: Db, mailId: string): Promise<MailToSend> {
  const [found] = await db
    .select({ mail: mails, email: users.email, userStatus: users.status })
    .from(mails)
    .leftJoin(users, eq(users.id, mails.userId))
    .where(eq(mails.id, mailId));
  if (found === undefined) return { status: 'gone' };
  const { mail, email, userStatus } = found;
  if (mail.status !== 'queued') return { status: mail.status };
  const params = await openParams(db, mail);
  const isOfLeft = userStatus === 'erasing' || userStatus === 'erased';
  const to = mail.recipient === null ? (isOfLeft ? null : email) : await openRecipient(db, mail);
  if (params === null || to === null) return { status: 'erased' };
  // The row's kind says which params it has; TypeScript does not see both as one.
  return { status: 'queued', to, about: mail.subject, text: { kind: mail.kind, params } as MailText };
}
