import { v7 as uuidv7 } from 'uuid';
import { userSubject } from '../../domain/accounts/index.ts';
import type { MailText } from '../../domain/mails.ts';
import type { Tx } from '../client.ts';
import { writeMail } from './write-mail.ts';

/** Writes a mail about something that happened to an account. Each time it happens is an event of its own. */
export const tellAccount = (tx: Tx, userId: string, text: MailText, recipient?: string): Promise<void> =>
  writeMail(tx, {
    ...text,
    userId,
    subject: `${userSubject(userId)}/${uuidv7()}`,
    ...(recipient !== undefined && { recipient }),
  });
