import { v7 as uuidv7 } from 'uuid';
import type { MailText } from '../../domain/mails.ts';
import type { Tx } from '../client.ts';
import { mails } from './schema.ts';

/** Writes a mail in the transaction of what it tells of; one of this kind and subject is there already or not at all. */
export async function writeMail(
  tx: Tx,
  mail: MailText & { readonly userId: string; readonly subject: string },
): Promise<void> {
  await tx
    .insert(mails)
    .values({ id: uuidv7(), ...mail })
    .onConflictDoNothing();
}
